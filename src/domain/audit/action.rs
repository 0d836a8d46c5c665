//! Everything that the audit log can say was done. The slugs stand in the log and never change.

/// Something that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    SignedIn,
    /// One or more tries that failed: many alike are one entry.
    SignInFailed,
    SignedOut,
    FirstAdminMade,
    PersonCreated,
    PersonRenamed,
    RoleChanged,
    PersonDisabled,
    PersonEnabled,
    /// By somebody else.
    PasswordReset,
    /// By oneself.
    PasswordChanged,
    TokenCreated,
    TokenRevoked,
    IntegrationCreated,
    IntegrationChanged,
    IntegrationTokenRotated,
    IntegrationTokenRemoved,
    IntegrationSecretAdded,
    IntegrationSecretRemoved,
    IntegrationDisabled,
    IntegrationEnabled,
    ImportFinished,
    BackupWritten,
    BackupRestored,
    /// The tombstone of an incident that retention removed.
    IncidentPurged,
    ObjectiveCreated,
    ObjectiveChanged,
    ObjectiveRemoved,
    ExclusionCreated,
    ExclusionRemoved,
    GateOverridden,
    GateOverrideEnded,
    DataSourceCreated,
    DataSourceChanged,
    DataSourceRemoved,
}

impl Action {
    pub const ALL: [Action; 35] = [
        Action::SignedIn,
        Action::SignInFailed,
        Action::SignedOut,
        Action::FirstAdminMade,
        Action::PersonCreated,
        Action::PersonRenamed,
        Action::RoleChanged,
        Action::PersonDisabled,
        Action::PersonEnabled,
        Action::PasswordReset,
        Action::PasswordChanged,
        Action::TokenCreated,
        Action::TokenRevoked,
        Action::IntegrationCreated,
        Action::IntegrationChanged,
        Action::IntegrationTokenRotated,
        Action::IntegrationTokenRemoved,
        Action::IntegrationSecretAdded,
        Action::IntegrationSecretRemoved,
        Action::IntegrationDisabled,
        Action::IntegrationEnabled,
        Action::ImportFinished,
        Action::BackupWritten,
        Action::BackupRestored,
        Action::IncidentPurged,
        Action::ObjectiveCreated,
        Action::ObjectiveChanged,
        Action::ObjectiveRemoved,
        Action::ExclusionCreated,
        Action::ExclusionRemoved,
        Action::GateOverridden,
        Action::GateOverrideEnded,
        Action::DataSourceCreated,
        Action::DataSourceChanged,
        Action::DataSourceRemoved,
    ];

    /// The kinds of action, by what their slugs begin with.
    pub const KINDS: [(&str, &str); 12] = [
        ("session", "Sign-ins"),
        ("person", "People"),
        ("token", "API tokens"),
        ("integration", "Integrations"),
        ("import", "Imports"),
        ("backup", "Backups"),
        ("setup", "Set-up"),
        ("purge", "Retention"),
        ("objective", "Objectives"),
        ("exclusion", "Exclusions"),
        ("release_gate", "Release gate"),
        ("data_source", "Data sources"),
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Action::SignedIn => "session.signed_in",
            Action::SignInFailed => "session.failed",
            Action::SignedOut => "session.signed_out",
            Action::FirstAdminMade => "setup.first_admin",
            Action::PersonCreated => "person.created",
            Action::PersonRenamed => "person.renamed",
            Action::RoleChanged => "person.role_changed",
            Action::PersonDisabled => "person.disabled",
            Action::PersonEnabled => "person.enabled",
            Action::PasswordReset => "person.password_reset",
            Action::PasswordChanged => "person.password_changed",
            Action::TokenCreated => "token.created",
            Action::TokenRevoked => "token.revoked",
            Action::IntegrationCreated => "integration.created",
            Action::IntegrationChanged => "integration.changed",
            Action::IntegrationTokenRotated => "integration.token_rotated",
            Action::IntegrationTokenRemoved => "integration.token_removed",
            Action::IntegrationSecretAdded => "integration.secret_added",
            Action::IntegrationSecretRemoved => "integration.secret_removed",
            Action::IntegrationDisabled => "integration.disabled",
            Action::IntegrationEnabled => "integration.enabled",
            Action::ImportFinished => "import.finished",
            Action::BackupWritten => "backup.written",
            Action::BackupRestored => "backup.restored",
            Action::IncidentPurged => "purge.incident",
            Action::ObjectiveCreated => "objective.created",
            Action::ObjectiveChanged => "objective.changed",
            Action::ObjectiveRemoved => "objective.removed",
            Action::ExclusionCreated => "exclusion.created",
            Action::ExclusionRemoved => "exclusion.removed",
            Action::GateOverridden => "release_gate.overridden",
            Action::GateOverrideEnded => "release_gate.override_ended",
            Action::DataSourceCreated => "data_source.created",
            Action::DataSourceChanged => "data_source.changed",
            Action::DataSourceRemoved => "data_source.removed",
        }
    }

    pub fn label(self) -> &'static str {
        match self {
            Action::SignedIn => "Signed in",
            Action::SignInFailed => "Failed to sign in",
            Action::SignedOut => "Signed out",
            Action::FirstAdminMade => "Made the first admin",
            Action::PersonCreated => "Made an account",
            Action::PersonRenamed => "Changed their name",
            Action::RoleChanged => "Changed a role",
            Action::PersonDisabled => "Disabled an account",
            Action::PersonEnabled => "Enabled an account",
            Action::PasswordReset => "Reset a password",
            Action::PasswordChanged => "Changed their password",
            Action::TokenCreated => "Made an API token",
            Action::TokenRevoked => "Revoked an API token",
            Action::IntegrationCreated => "Made an integration",
            Action::IntegrationChanged => "Changed an integration",
            Action::IntegrationTokenRotated => "Replaced an integration's token",
            Action::IntegrationTokenRemoved => "Ended an integration's old token",
            Action::IntegrationSecretAdded => "Added a signing secret",
            Action::IntegrationSecretRemoved => "Removed a signing secret",
            Action::IntegrationDisabled => "Switched an integration off",
            Action::IntegrationEnabled => "Switched an integration on",
            Action::ImportFinished => "Imported the past",
            Action::BackupWritten => "Wrote a backup",
            Action::BackupRestored => "Restored a backup",
            Action::IncidentPurged => "Removed an incident by retention",
            Action::ObjectiveCreated => "Made an objective",
            Action::ObjectiveChanged => "Changed an objective",
            Action::ObjectiveRemoved => "Removed an objective",
            Action::ExclusionCreated => "Left time out of objectives",
            Action::ExclusionRemoved => "Counted time again that was left out",
            Action::GateOverridden => "Allowed releases past the gate",
            Action::GateOverrideEnded => "Ended an override of the release gate",
            Action::DataSourceCreated => "Made a data source",
            Action::DataSourceChanged => "Changed a data source",
            Action::DataSourceRemoved => "Removed a data source",
        }
    }

    pub fn from_slug(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.slug() == text)
    }

    /// Whether `text` is the slug of an action, or what those of a kind begin with.
    pub fn is_filter(text: &str) -> bool {
        Self::from_slug(text).is_some() || Self::KINDS.iter().any(|(kind, _)| *kind == text)
    }
}
