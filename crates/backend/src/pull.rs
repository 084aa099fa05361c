//! Keeping up with a database: what it hands out, and the state of the one who asks.

use std::collections::BTreeSet;

use base::{ServerTag, SubnetId, Timestamp};

use crate::{BackendError, Objects, Stored, StoredGlobal, StoredSubnet};

/// Where in the audit a server is. Databases decide what makes one later than another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    pub time: Timestamp,
    pub revision: u64,
    /// The newest revisions that were known, the highest number first: of two transactions the one that began first may
    /// end last, and its revision comes after higher ones. Empty where a database has one writer at a time.
    pub recent: Vec<u64>,
}

impl Cursor {
    /// How many revisions are remembered.
    pub const WINDOW: usize = 64;

    /// The revisions among `now` that this cursor does not know although it is beyond them.
    #[must_use]
    pub fn missed(&self, now: &Self) -> Vec<u64> {
        // Those before the oldest that is remembered are known, unless all are remembered.
        let oldest = self.recent.last().copied().filter(|_| self.recent.len() >= Self::WINDOW);
        let late = |id: &&u64| {
            **id <= self.revision && oldest.is_none_or(|oldest| **id > oldest) && !self.recent.contains(id)
        };
        if self.recent.is_empty() { Vec::new() } else { now.recent.iter().filter(late).copied().collect() }
    }
}

/// What a revision did to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modification {
    Create,
    Update,
    Delete,
}

/// A row of the audit with its revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub revision: Cursor,
    /// The table of the object, such as `dhcp4_subnet`.
    pub object_type: String,
    pub object_id: u64,
    pub modification: Modification,
    /// What the writer said about the revision.
    pub message: String,
}

/// Objects of one kind that were touched: every row number, and those that still concern the server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partial {
    pub touched: BTreeSet<u64>,
    pub rows: Vec<Stored>,
}

/// What changed since a cursor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Delta {
    /// All of them when any changed.
    pub globals: Option<Vec<StoredGlobal>>,
    pub option_defs: Partial,
    pub options: Partial,
    /// All of them when any changed.
    pub classes: Option<Vec<Stored>>,
    pub networks: Partial,
    pub touched_subnets: BTreeSet<SubnetId>,
    pub subnets: Vec<StoredSubnet>,
}

impl Delta {
    /// Whether nothing in it concerns the server.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Brings `objects` to the state after the delta.
    pub fn apply(self, objects: &mut Objects) {
        if let Some(globals) = self.globals {
            objects.globals = globals;
        }
        if let Some(classes) = self.classes {
            objects.classes = classes;
        }
        for (partial, rows) in [
            (self.option_defs, &mut objects.option_defs),
            (self.options, &mut objects.options),
            (self.networks, &mut objects.networks),
        ] {
            for row in &partial.touched {
                rows.remove(row);
            }
            rows.extend(partial.rows.into_iter().map(|stored| (stored.row, stored)));
        }
        for id in &self.touched_subnets {
            objects.subnets.remove(id);
        }
        objects.subnets.extend(self.subnets.into_iter().map(|subnet| (subnet.id, subnet)));
    }
}

/// Answer of [`ConfigBackend::pull`](crate::ConfigBackend::pull).
#[derive(Clone, Debug, PartialEq)]
pub enum Pulled {
    /// Nothing after the cursor.
    Nothing,
    Everything {
        objects: Objects,
        cursor: Cursor,
    },
    Changes {
        delta: Box<Delta>,
        cursor: Cursor,
    },
}

/// Why a pull came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullFailure {
    /// The database did not answer or has a bad row.
    Fetch(BackendError),
    /// The server could not run what it fetched; the text names the object.
    Apply(String),
}

impl std::fmt::Display for PullFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Apply(text) => f.write_str(text),
        }
    }
}

/// Keeps one server's objects and its place in the audit. No IO, no clock: the caller asks the database and builds
/// configurations.
///
/// One round:
/// 1. [`cursor`](Self::cursor) says what to pass to [`ConfigBackend::pull`](crate::ConfigBackend::pull).
/// 2. [`offer`](Self::offer) takes the answer. `None`: nothing changed. Otherwise build a configuration of the
///    objects it returns ([`merge`](crate::merge()), `config::resolve4`) and try it.
/// 3. [`commit`](Self::commit) when it runs; [`fail`](Self::fail) when it does not, or when the database failed.
///    After a failure objects and cursor are as before, so the next round fetches the same changes again.
///
/// A file that was loaded anew needs the same objects: [`objects`](Self::objects) has them, no fetch is needed.
#[derive(Debug)]
pub struct Puller {
    tag: ServerTag,
    objects: Objects,
    cursor: Option<Cursor>,
    pending: Option<(Objects, Cursor)>,
    failures: u32,
    last_failure: Option<PullFailure>,
}

impl Puller {
    /// Failed rounds in a row after which Kea stops its timer. Here the rounds go on; the note is for the log.
    pub const MANY_FAILURES: u32 = 10;

    /// For a server with that tag (empty: only what is for all servers); nothing is fetched yet.
    #[must_use]
    pub fn new(tag: ServerTag) -> Self {
        Self {
            tag,
            objects: Objects::default(),
            cursor: None,
            pending: None,
            failures: 0,
            last_failure: None,
        }
    }

    #[must_use]
    pub fn tag(&self) -> &ServerTag {
        &self.tag
    }

    /// The place in the audit; `None` before the first round that succeeded.
    #[must_use]
    pub fn cursor(&self) -> Option<&Cursor> {
        self.cursor.as_ref()
    }

    /// What runs.
    #[must_use]
    pub fn objects(&self) -> &Objects {
        &self.objects
    }

    /// Takes what was pulled; objects to try, or `None` when there is nothing to do.
    pub fn offer(&mut self, pulled: Pulled) -> Option<&Objects> {
        match pulled {
            Pulled::Nothing => {
                self.pending = None;
                self.failures = 0;
                self.last_failure = None;
            }
            Pulled::Everything { objects, cursor } => self.pending = Some((objects, cursor)),
            // Others' changes: only the place in the audit moves.
            Pulled::Changes { delta, cursor } if delta.is_empty() => {
                self.cursor = Some(cursor);
                return self.offer(Pulled::Nothing);
            }
            Pulled::Changes { delta, cursor } => {
                let mut objects = self.objects.clone();
                delta.apply(&mut objects);
                self.pending = Some((objects, cursor));
            }
        }
        self.pending.as_ref().map(|(objects, _)| objects)
    }

    /// What was offered runs.
    pub fn commit(&mut self) {
        if let Some((objects, cursor)) = self.pending.take() {
            self.objects = objects;
            self.cursor = Some(cursor);
        }
        self.failures = 0;
        self.last_failure = None;
    }

    /// The round failed; objects and cursor stay. Answers true each time [`MANY_FAILURES`](Self::MANY_FAILURES) more
    /// rounds have failed in a row, so that the log says it without repeating it every round.
    pub fn fail(&mut self, failure: PullFailure) -> bool {
        self.pending = None;
        self.failures = self.failures.saturating_add(1);
        self.last_failure = Some(failure);
        self.failures.is_multiple_of(Self::MANY_FAILURES)
    }

    /// Failed rounds in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Why the last round failed; `None` when it succeeded.
    #[must_use]
    pub fn last_failure(&self) -> Option<&PullFailure> {
        self.last_failure.as_ref()
    }

    /// Forgets the place in the audit: the next round fetches everything.
    pub fn forget(&mut self) {
        self.cursor = None;
        self.pending = None;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use config::Element;
    use json::{Map, Value};

    use super::*;

    fn stored(row: u64, name: &str) -> Stored {
        let map = Map::from([("name".to_owned(), Value::from(name))]);
        Stored { row, element: Arc::new(Element { map, pos: json::Pos::default(), server_tags: vec![] }) }
    }

    fn everything(names: &[&str], revision: u64) -> Pulled {
        let networks = (1..).zip(names).map(|(row, name)| (row, stored(row, name))).collect();
        Pulled::Everything { objects: Objects { networks, ..Objects::default() }, cursor: at(revision) }
    }

    #[test]
    fn revisions_that_come_late_are_missed() {
        let cursor = |recent: std::ops::RangeInclusive<u64>, but: u64| Cursor {
            revision: *recent.end(),
            recent: recent.rev().filter(|id| *id != but).take(Cursor::WINDOW).collect(),
            ..Cursor::default()
        };
        assert_eq!(cursor(1..=9, 7).missed(&cursor(1..=12, 0)), [7]);
        assert_eq!(cursor(1..=9, 0).missed(&cursor(1..=12, 0)), [0u64; 0]);
        // Beyond the window nothing is known.
        assert_eq!(cursor(1..=200, 150).missed(&cursor(1..=210, 0)), [150]);
        assert_eq!(cursor(1..=200, 100).missed(&cursor(1..=210, 0)), [0u64; 0]);
        // One whose revisions are not known misses none.
        assert_eq!(at(9).missed(&cursor(1..=12, 0)), [0u64; 0]);
    }

    fn at(revision: u64) -> Cursor {
        Cursor { time: Timestamp(revision), revision, recent: Vec::new() }
    }

    fn names(objects: &Objects) -> Vec<String> {
        objects.networks.values().map(|n| crate::text_member(&n.element.map, "name")).collect()
    }

    fn changes(touched: &[u64], rows: Vec<Stored>, revision: u64) -> Pulled {
        let networks = Partial { touched: touched.iter().copied().collect(), rows };
        Pulled::Changes { delta: Box::new(Delta { networks, ..Delta::default() }), cursor: at(revision) }
    }

    #[test]
    fn a_round_that_succeeds_moves_on() {
        let mut puller = Puller::new(ServerTag::default());
        assert_eq!(puller.cursor(), None);
        assert_eq!(names(puller.offer(everything(&["a", "b"], 5)).unwrap()), ["a", "b"]);
        assert_eq!(puller.cursor(), None, "not before it runs");
        puller.commit();
        assert_eq!(puller.cursor(), Some(&at(5)));
        // 1 changed, 2 went, 3 came.
        assert_eq!(
            names(puller.offer(changes(&[1, 2, 3], vec![stored(1, "A"), stored(3, "c")], 6)).unwrap()),
            ["A", "c"]
        );
        puller.commit();
        assert_eq!(names(puller.objects()), ["A", "c"]);
        assert!(puller.offer(Pulled::Nothing).is_none());
        assert_eq!(puller.cursor(), Some(&at(6)));
    }

    #[test]
    fn a_round_that_fails_changes_nothing_and_is_tried_again() {
        let mut puller = Puller::new(ServerTag::default());
        puller.offer(everything(&["a"], 5));
        puller.commit();
        for round in 1..=20 {
            assert!(puller.offer(changes(&[1], vec![], 6)).unwrap().networks.is_empty());
            assert_eq!(puller.fail(PullFailure::Apply("bad".into())), round % 10 == 0);
            assert_eq!((puller.cursor(), names(puller.objects())), (Some(&at(5)), vec!["a".to_owned()]));
            assert_eq!(puller.failures(), round);
        }
        puller.offer(changes(&[1], vec![], 7));
        puller.commit();
        assert_eq!((puller.failures(), puller.last_failure()), (0, None));
        assert!(puller.objects().is_empty());
    }
}
