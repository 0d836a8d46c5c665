-- Ways of looking at the list of incidents that somebody keeps: a name and an address.
CREATE TABLE saved_views (
    -- Whose: a person's or a token's id.
    owner TEXT NOT NULL,
    name TEXT NOT NULL,
    -- What stands behind the '?' of the address.
    query TEXT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (owner, name)
);
