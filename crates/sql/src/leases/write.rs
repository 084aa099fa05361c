//! Changing leases: what several change is one transaction.

use std::sync::Arc;

use backend::columns::Datum;
use lease::{Bound, Exceeded};

use super::Follower;
use super::messages::say;
use super::read::{Find, find, held};
use super::record::Record;
use super::texts::{Statement, Texts};
use crate::write::transaction;
use crate::{Error, Link, Mode};

/// How often a transaction that gave way to another begins anew.
const ATTEMPTS: usize = 8;

/// Rows that are deleted together when many are.
const CLEARED: usize = 256;

/// What is changed.
#[derive(Clone, Debug)]
pub(super) enum Change<R> {
    Add(R),
    /// The new lease, and the one that is there unless another server changed it.
    Update(R, R),
    Delete(R),
}

impl<R: Record> Change<R> {
    fn address(&self) -> R::Address {
        match self {
            Self::Add(lease) | Self::Update(lease, _) | Self::Delete(lease) => lease.address(),
        }
    }
}

/// A change, unless a bound is exceeded then.
#[derive(Clone, Debug)]
pub(super) struct Wish<R> {
    pub(super) change: Change<R>,
    pub(super) within: Vec<Bound>,
}

/// What became of a change.
#[derive(Clone, Debug)]
pub(super) enum Done<R> {
    Yes,
    /// A bound forbids it.
    Exceeds(Exceeded),
    /// The row is not as expected any more, or gone.
    Conflict,
    /// There is a row of the address already.
    Exists(Arc<R>),
}

/// Makes changes, and tells the observer of those that were made. Answers are in the order of the changes.
pub(super) fn change<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    wishes: &[Wish<R>],
    observer: &Follower<R>,
    extended: bool,
) -> Result<Vec<Result<Done<R>, Error>>, Error> {
    let mut answers: Vec<Option<Result<Done<R>, Error>>> = wishes.iter().map(|_| None).collect();
    let mut work: Vec<(usize, Statement)> = Vec::with_capacity(wishes.len());
    for (at, wish) in wishes.iter().enumerate() {
        let statement = match &wish.change {
            Change::Add(lease) => texts.insert(lease),
            Change::Update(lease, expected) => texts.update(lease, expected),
            Change::Delete(expected) => Ok(texts.delete(expected)),
        };
        match statement {
            Ok(statement) => work.push((at, statement)),
            Err(error) => answer(&mut answers, at, Err(error)),
        }
    }
    // Servers that take the same rows in the same order do not wait for each other in a circle.
    let change = |at: usize| wishes.get(at).map(|wish| &wish.change);
    work.sort_by_key(|(at, _)| change(*at).map(Change::address));
    // What follows a change that was made, in the same transaction.
    let follows = |at: usize| match change(at) {
        Some(Change::Add(lease)) if extended => texts.extend(lease),
        Some(Change::Update(lease, old)) if extended && lease.user_context() != old.user_context() => {
            texts.extend(lease)
        }
        _ => Vec::new(),
    };
    let within = |at: usize| wishes.get(at).map_or(&[][..], |wish| &wish.within);
    let exceeds = |work: &[(usize, Statement)]| {
        let bounds: Vec<Bound> = work.iter().flat_map(|(at, _)| within(*at)).cloned().collect();
        exceeded(texts, link, bounds)
    };
    let store = |work: &[(usize, Statement)]| store::<R>(link, work, &follows, &exceeds);
    match store(&work) {
        Ok(Ok(counts)) => concluded(texts, link, wishes, &work, &counts, observer, &mut answers)?,
        // One that the database does not take, or that a bound forbids, must not spoil the others.
        Ok(Err(_)) | Err(Error::Rejected { .. }) if work.len() > 1 => {
            // What others give back makes room first.
            work.sort_by_key(|(at, _)| !within(*at).is_empty());
            for one in work {
                match store(std::slice::from_ref(&one)) {
                    Ok(Ok(counts)) => {
                        concluded(texts, link, wishes, &[one], &counts, observer, &mut answers)?
                    }
                    Ok(Err(exceeded)) => answer(&mut answers, one.0, Ok(Done::Exceeds(exceeded))),
                    Err(error @ Error::Rejected { .. }) => answer(&mut answers, one.0, Err(error)),
                    Err(error) => return Err(uncertain(error)),
                }
            }
        }
        Ok(Err(exceeded)) => {
            if let Some((at, _)) = work.first() {
                answer(&mut answers, *at, Ok(Done::Exceeds(exceeded)));
            }
        }
        Err(error @ Error::Rejected { .. }) => {
            if let Some((at, _)) = work.first() {
                answer(&mut answers, *at, Err(error));
            }
        }
        Err(error) => return Err(error),
    }
    Ok(answers.into_iter().map(|answer| answer.unwrap_or(Ok(Done::Conflict))).collect())
}

fn answer<T>(answers: &mut [Option<T>], at: usize, told: T) {
    if let Some(answer) = answers.get_mut(at) {
        *answer = Some(told);
    }
}

/// Something was stored before this failed: nothing may begin anew.
fn uncertain(error: Error) -> Error {
    match error {
        Error::Lost(reason) => Error::Uncertain(reason),
        error => error,
    }
}

/// What says of changes that were made which bound they exceed.
type Exceeds<'a> = dyn Fn(&[(usize, Statement)]) -> Result<Option<Exceeded>, Error> + 'a;

/// The first of some bounds that is exceeded now. A transaction that has changed what it counts is told the truth, and
/// nobody else changes it before its end.
fn exceeded<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    bounds: Vec<Bound>,
) -> Result<Option<Exceeded>, Error> {
    if bounds.is_empty() {
        return Ok(None);
    }
    let asked = [bounds];
    let counts = held(texts, link, &asked)?.pop().transpose()?.unwrap_or_default();
    let [bounds] = asked;
    let over = bounds.into_iter().zip(counts).find(|(bound, held)| *held > u64::from(bound.most));
    // It was one less before.
    Ok(over.map(|(bound, held)| Exceeded { bound, held: held - 1 }))
}

/// Runs statements in one transaction, and what follows those that found rows; how many rows each found. Nothing of it is
/// done where a bound is exceeded then.
fn store<R: Record>(
    link: &dyn Link,
    work: &[(usize, Statement)],
    follows: &dyn Fn(usize) -> Vec<Statement>,
    exceeds: &Exceeds<'_>,
) -> Result<Result<Vec<u64>, Exceeded>, Error> {
    let statements = borrowed(work.iter().map(|(_, statement)| statement));
    if statements.is_empty() {
        return Ok(Ok(Vec::new()));
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let all = || {
            let counts = link.execute_all(&statements)?;
            let done = work.iter().zip(&counts).filter(|(_, count)| **count > 0);
            let more: Vec<Statement> = done.flat_map(|((at, _), _)| follows(*at)).collect();
            if !more.is_empty() {
                link.execute_all(&borrowed(more.iter()))?;
            }
            Ok(match exceeds(work)? {
                Some(exceeded) => (false, Err(exceeded)),
                None => (true, Ok(counts)),
            })
        };
        match transaction(link, Mode::Write, all) {
            Err(Error::Contended(error)) if attempt < ATTEMPTS => {
                say!(R, link.dialect(), Retried { error });
            }
            outcome => return outcome,
        }
    }
}

fn borrowed<'s>(statements: impl Iterator<Item = &'s Statement>) -> Vec<(&'s str, &'s [Datum])> {
    statements.map(|(sql, bind)| (sql.as_str(), bind.as_slice())).collect()
}

/// Makes the tables of identifiers say of a page of leases what their user contexts do; the last address, and how many
/// leases have identifiers. `None`: there are no more.
pub(super) fn renew_some<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    after: Option<R::Address>,
) -> Result<Option<(R::Address, u64)>, Error> {
    let quiet = |error: &Error| say!(R, texts.dialect, Unusable { error });
    let Some(Ok(page)) = find(texts, link, &[Find::Page(after, CLEARED)], &quiet)?.pop() else {
        return Ok(None);
    };
    let Some(last) = page.last().map(|lease| lease.address()) else { return Ok(None) };
    let mut renewed = 0;
    let mut work: Vec<Statement> = Vec::new();
    for lease in &page {
        let identified = !lease::extended_keys(R::FAMILY, lease.user_context()).is_empty();
        renewed += u64::from(identified);
        work.extend(texts.extend(lease));
        // Where the row itself has them, writing it again is what it takes.
        if identified && R::EXTENDED.is_empty() {
            work.push(texts.update(lease, lease)?);
        }
    }
    if !work.is_empty() {
        transaction(link, Mode::Write, || Ok((true, link.execute_all(&borrowed(work.iter()))?)))?;
    }
    Ok(Some((last, renewed)))
}

/// Answers changes that were made, or found nothing to be made.
fn concluded<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    wishes: &[Wish<R>],
    work: &[(usize, Statement)],
    counts: &[u64],
    observer: &Follower<R>,
    answers: &mut [Option<Result<Done<R>, Error>>],
) -> Result<(), Error> {
    let mut there = Vec::new();
    for ((at, _), count) in work.iter().zip(counts) {
        let Some(Wish { change, .. }) = wishes.get(*at) else { continue };
        if *count == 0 {
            match change {
                Change::Add(lease) => there.push((*at, lease.address())),
                Change::Update(..) | Change::Delete(_) => answer(answers, *at, Ok(Done::Conflict)),
            }
            continue;
        }
        let address = change.address();
        match change {
            Change::Add(lease) => {
                say!(R, texts.dialect, Add { address });
                observer.tell(None, Some(lease));
            }
            Change::Update(lease, expected) => {
                say!(R, texts.dialect, Update { address });
                observer.tell(Some(expected), Some(lease));
            }
            Change::Delete(expected) => {
                say!(R, texts.dialect, Delete { address });
                observer.tell(Some(expected), None);
            }
        }
        answer(answers, *at, Ok(Done::Yes));
    }
    if there.is_empty() {
        return Ok(());
    }
    // One that has gone by now is a conflict: its address may be free.
    let asked: Vec<Find<R>> = there.iter().map(|(_, address)| Find::Address(*address)).collect();
    let rows = find(texts, link, &asked, &|error| say!(R, texts.dialect, Unusable { error }));
    for ((at, _), row) in there.iter().zip(rows.map_err(uncertain)?) {
        let row = row.map(|mut rows| rows.pop().map_or(Done::Conflict, Done::Exists));
        answer(answers, *at, row);
    }
    Ok(())
}

/// Deletes some of the leases that fulfil a condition without parameters; answers how many. None: there are none, or
/// none that others do not change at this moment.
pub(super) fn clear_some<R: Record>(
    texts: &Texts<R>,
    link: &dyn Link,
    condition: &str,
    observer: &Follower<R>,
) -> Result<u64, Error> {
    let quiet = |error: &Error| say!(R, texts.dialect, Unusable { error });
    let asked = [Find::In { condition: condition.to_owned(), bind: Vec::new(), order: "", limit: CLEARED }];
    let Some(Ok(page)) = find(texts, link, &asked, &quiet)?.pop() else { return Ok(0) };
    if page.is_empty() {
        return Ok(0);
    }
    let addresses: Vec<R::Address> = page.iter().map(|lease| lease.address()).collect();
    let statement = (0, texts.delete_all(&addresses, condition));
    let deleted = store::<R>(link, &[statement], &|_| Vec::new(), &|_| Ok(None))?;
    let deleted: u64 = deleted.unwrap_or_default().iter().sum();
    // Those that others changed meanwhile are still there.
    let mut kept = Vec::new();
    if usize::try_from(deleted) != Ok(page.len()) {
        let asked: Vec<Find<R>> = addresses.iter().map(|address| Find::Address(*address)).collect();
        for rows in find(texts, link, &asked, &quiet).map_err(uncertain)? {
            kept.extend(rows?.iter().map(|lease| lease.address()));
        }
    }
    for lease in page.iter().filter(|lease| !kept.contains(&lease.address())) {
        observer.tell(Some(lease), None);
    }
    Ok(deleted)
}
