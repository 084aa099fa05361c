//! The live file: appending, syncing, and coming back from failures.

use std::io;
use std::sync::Arc;

use crate::files::LeaseFiles;
use crate::messages as m;
use crate::storage::{LogFile, OpenMode, Storage, write_all};
use crate::table::Schema;

/// The live file and how much of it is good.
pub(crate) struct Journal {
    storage: Arc<dyn Storage>,
    files: LeaseFiles,
    schema: &'static Schema,
    /// `None`: it could not be opened again after a failure; tried at each append.
    file: Option<Box<dyn LogFile>>,
    /// Octets that are written and, when `sync` is set, durable.
    good: u64,
    /// There may be something after `good` that nobody may ever read.
    dirty: bool,
    /// Syncs before an append is done.
    sync: bool,
    /// The live file bears the name of the input, since a rotation failed half-way.
    displaced: bool,
    /// Rows appended since the last rotation.
    rows: u64,
}

/// What a rotation came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rotated {
    Yes,
    /// Inputs of an earlier cleanup are there, which must be finished first.
    Unfinished,
    /// Messages say why; the old file stays in use.
    Failed,
}

impl Journal {
    /// Takes over a live file of which `good` octets are whole lines with a header (0: there is none yet).
    pub(crate) fn open(
        storage: Arc<dyn Storage>,
        files: LeaseFiles,
        schema: &'static Schema,
        good: u64,
        rows: u64,
        sync: bool,
    ) -> io::Result<Self> {
        let mut journal =
            Self { storage, files, schema, file: None, good, dirty: false, sync, displaced: false, rows };
        if good == 0 {
            let (file, good) = journal.create()?;
            journal.file = Some(file);
            journal.good = good;
        } else {
            let mut file = journal.storage.append(&journal.files.live, OpenMode::Existing)?;
            journal.dirty = file.length()? != good;
            if sync {
                // Rows that a crashed server wrote but did not sync have been read and will be relied upon.
                file.sync()?;
            }
            journal.file = Some(file);
        }
        Ok(journal)
    }

    /// An empty live file with its header, durable; and its length.
    fn create(&self) -> io::Result<(Box<dyn LogFile>, u64)> {
        let header = self.schema.header_line();
        let mut file = self.storage.append(&self.files.live, OpenMode::New)?;
        write_all(&mut *file, header.as_bytes())?;
        file.sync()?;
        self.storage.sync_dir(&self.files.live)?;
        Ok((file, header.len() as u64))
    }

    /// Appends rows and, when so configured, waits until they are durable. After an error nothing of them is in
    /// the file, or will be removed before the next append.
    pub(crate) fn append(&mut self, bytes: &[u8], rows: u64) -> io::Result<()> {
        self.repair()?;
        let Some(file) = self.file.as_deref_mut() else {
            return Err(io::Error::other("the file is not open"));
        };
        let result = write_all(file, bytes).and_then(|()| if self.sync { file.sync() } else { Ok(()) });
        if let Err(error) = result {
            self.dirty = true;
            // Now if it can be; a failure shows again at the next append.
            let _ = self.repair();
            return Err(error);
        }
        self.good += bytes.len() as u64;
        self.rows += rows;
        Ok(())
    }

    /// Makes what was written durable, also when appends do not sync.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.repair()?;
        self.file.as_deref_mut().map_or(Ok(()), LogFile::sync)
    }

    /// Cuts what a failed write left, and opens the file again if it was given up.
    fn repair(&mut self) -> io::Result<()> {
        if self.file.is_none() {
            if self.storage.exists(&self.files.live)? {
                let mut file = self.storage.append(&self.files.live, OpenMode::Existing)?;
                self.dirty = file.length()? != self.good;
                self.file = Some(file);
            } else {
                let (file, good) = self.create()?;
                (self.file, self.good, self.dirty) = (Some(file), good, false);
            }
        }
        if !self.dirty {
            return Ok(());
        }
        let Some(file) = self.file.as_deref_mut() else {
            return Err(io::Error::other("the file is not open"));
        };
        file.set_len(self.good)?;
        if self.sync {
            // The cut must not be lost, and a disk that does not sync is not yet well.
            file.sync()?;
        }
        self.dirty = false;
        Ok(())
    }

    /// Whether the file in use is still the live file: somebody may have removed or replaced it.
    pub(crate) fn in_place(&mut self) -> bool {
        let displaced = self.displaced;
        self.file
            .as_deref_mut()
            .is_none_or(|file| displaced || file.has_name(&self.files.live).unwrap_or(true))
    }

    /// Octets of the live file.
    pub(crate) fn len(&self) -> u64 {
        self.good
    }

    /// Rows appended since the last rotation, those found at the start included.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Renames the live file to be the input of a cleanup and begins a new one. The new one's name is durable
    /// before anything is appended to it.
    pub(crate) fn rotate(&mut self) -> Rotated {
        let (live, input) = (self.files.live.clone(), self.files.input.clone());
        // The file that is left behind must not end in what a failed write put there.
        let mut ready = self.sync();
        if !self.displaced {
            match self.unfinished() {
                Ok(true) => return Rotated::Unfinished,
                Ok(false) => ready = ready.and_then(|()| self.storage.rename(&live, &input)),
                Err(error) => ready = Err(error),
            }
        }
        if let Err(error) = ready {
            observe::log!(m::LfcRenameFailed { from: live.display(), to: input.display(), error });
            return Rotated::Failed;
        }
        self.displaced = true;
        let rotated = self.begin_live();
        // If the name cannot be given back either, the file in use is read at the next start as the input, and no
        // cleanup begins before there is a new live file.
        if rotated == Rotated::Failed && self.storage.rename(&input, &live).is_ok() {
            self.displaced = false;
            let _ = self.storage.sync_dir(&live);
        }
        rotated
    }

    /// Goes on with a live file that was put in the place of the one in use.
    pub(crate) fn adopt(&mut self, good: u64, rows: u64) -> io::Result<()> {
        // If it cannot be opened, the old file must not be appended to: nobody would read it.
        self.give_up();
        self.good = good;
        self.rows = rows;
        self.repair()
    }

    /// Lets go of a file that has lost its name. The next append opens the live file, or begins a new one.
    pub(crate) fn give_up(&mut self) {
        self.file = None;
        self.dirty = false;
        self.displaced = false;
    }

    fn unfinished(&self) -> io::Result<bool> {
        Ok(self.storage.exists(&self.files.input)? || self.storage.exists(&self.files.finish)?)
    }

    fn begin_live(&mut self) -> Rotated {
        // The rename must be durable before a new file may take the name.
        match self.storage.sync_dir(&self.files.live).and_then(|()| self.create()) {
            Ok((file, good)) => {
                self.file = Some(file);
                self.good = good;
                self.rows = 0;
                self.dirty = false;
                self.displaced = false;
                Rotated::Yes
            }
            Err(error) => {
                observe::log!(m::LfcReopenFailed { path: self.files.live.display(), error });
                Rotated::Failed
            }
        }
    }
}
