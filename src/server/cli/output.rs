//! A file that is there whole or not at all: written beside its place, synced, then moved there.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// A file being written. What is not finished is removed.
pub struct Output {
    file: File,
    partial: PathBuf,
    place: PathBuf,
    finished: bool,
}

impl Output {
    /// Begins a file that only those in `mode` may read.
    pub fn create(place: &Path, mode: u32) -> Result<Self, String> {
        let name = place.file_name().ok_or_else(|| format!("{} is no name of a file", place.display()))?;
        let partial = place.with_file_name(format!(".{}.{}.partial", name.to_string_lossy(), std::process::id()));
        let options = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&partial);
        let file = options.map_err(|error| format!("could not write {}: {error}", place.display()))?;
        Ok(Self { file, partial, place: place.to_owned(), finished: false })
    }

    /// Puts it in its place once everything is on the disk.
    pub fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        std::fs::rename(&self.partial, &self.place)?;
        self.finished = true;
        // The new name is on the disk when its folder is.
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if !self.finished {
            let _ = std::fs::remove_file(&self.partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finished_leaves_what_was_there() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = folder.path().join("out");
        std::fs::write(&place, "before").expect("it can be written");
        let mut broken = Output::create(&place, 0o600).expect("it can be made");
        broken.write_all(b"half").expect("it can be written");
        drop(broken);
        assert_eq!(std::fs::read(&place).expect("it is there"), b"before");
        let mut whole = Output::create(&place, 0o600).expect("it can be made");
        whole.write_all(b"after").expect("it can be written");
        whole.finish().expect("it can be moved");
        assert_eq!(std::fs::read(&place).expect("it is there"), b"after");
        assert_eq!(std::fs::read_dir(folder.path()).expect("it is a folder").count(), 1);
    }
}
