//! Host reservations in a database.

use std::net::IpAddr;

use backend::hosts::{HostAnswer, HostDatabase, HostQuery, HostQuestions, HostRecord};
use backend::{BackendError, ConfigBackend};
use base::SubnetId;

use crate::{Database, write};

/// A database of reservations, as one family sees it.
#[derive(Clone, Debug)]
pub struct Hosts {
    database: Database,
    read_only: bool,
}

impl Hosts {
    /// `read_only`: nothing is ever written.
    #[must_use]
    pub fn new(database: Database, read_only: bool) -> Self {
        Self { database, read_only }
    }

    /// Does a job that writes.
    fn write<T: Send + 'static>(
        &self,
        job: impl Fn(&crate::read::Reader<'_>) -> Result<T, crate::Error> + Send + 'static,
    ) -> HostAnswer<'_, T> {
        if self.read_only {
            let kind = self.database.identity().kind;
            return Box::pin(std::future::ready(Err(BackendError::ReadOnly(kind))));
        }
        let family = self.database.family;
        self.database.worker.call(false, move |session, _| job(&session.reader(family)))
    }
}

impl HostDatabase for Hosts {
    fn name(&self) -> String {
        self.database.identity().to_string()
    }

    fn probe(&self) -> HostAnswer<'_, ()> {
        let version = self.database.version();
        Box::pin(async move { version.await.map(|_| ()) })
    }

    fn add<'a>(&'a self, record: &'a HostRecord, unique: bool) -> HostAnswer<'a, ()> {
        let record = record.clone();
        self.write(move |reader| write::add_host(*reader, &record, unique))
    }

    fn update<'a>(&'a self, record: &'a HostRecord) -> HostAnswer<'a, bool> {
        let record = record.clone();
        self.write(move |reader| write::update_host(*reader, &record))
    }

    fn del<'a>(&'a self, subnet: SubnetId, query: &'a HostQuery) -> HostAnswer<'a, bool> {
        let query = query.clone();
        self.write(move |reader| write::del_hosts(*reader, subnet, &query))
    }

    fn find<'a>(&'a self, subnet: Option<SubnetId>, query: &'a HostQuery) -> HostAnswer<'a, Vec<HostRecord>> {
        let query = query.clone();
        self.database.read(move |reader| reader.hosts_found(subnet, &query))
    }

    fn page(
        &self,
        subnet: Option<SubnetId>,
        from: u64,
        limit: usize,
    ) -> HostAnswer<'_, Vec<(u64, HostRecord)>> {
        self.database.read(move |reader| reader.hosts_page(subnet, from, limit))
    }

    fn lookup(&self, questions: HostQuestions) -> HostAnswer<'_, Vec<HostRecord>> {
        let family = self.database.family;
        self.database.worker.call(false, move |session, _| {
            let reader = session.reader(family);
            let rows = reader.hosts_asked_for(&questions)?;
            // Most clients have no reservation, and one query tells.
            if rows.is_empty() {
                return Ok(Vec::new());
            }
            write::transaction(reader.link, crate::Mode::Read, || Ok((false, reader.hosts_of_rows(&rows)?)))
        })
    }
}

/// First address of a prefix as texts write it: `2001:db8::/56`, or an address.
pub(crate) fn split(text: &str) -> Option<(IpAddr, u8)> {
    match text.split_once('/') {
        Some((address, length)) => Some((address.trim().parse().ok()?, length.trim().parse().ok()?)),
        None => Some((text.trim().parse().ok()?, 128)),
    }
}
