//! Servers that administer one database at the same time.

use std::sync::Barrier;

use json::Value;

use super::Session;

/// Two nodes write subnets that overlap at the same moment: one of them is refused, whichever.
#[test]
pub(super) fn two_nodes_write_at_once() {
    const ROUNDS: u32 = 20;
    let session = Session::with(&["abc"]);
    let (begin, end) = (Barrier::new(2), Barrier::new(2));
    let write = |session: &Session, number: u32, prefix: &str| {
        begin.wait();
        let answer = session.ask(
            "remote-subnet4-set",
            &format!(
                r#"{{"server-tags": ["abc"], "subnets": [{{"id": {number}, "subnet": "{prefix}",
                   "shared-network-name": null}}]}}"#
            ),
        );
        end.wait();
        let text = answer.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
        (answer.get("result").and_then(Value::as_int) == Some(0), text)
    };
    let other = session.beside();
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0..ROUNDS {
                theirs.push(write(&other, 2 * round + 2, &format!("10.{round}.1.0/24")));
            }
        });
        for round in 0..ROUNDS {
            mine.push(write(&session, 2 * round + 1, &format!("10.{round}.0.0/16")));
        }
    });
    for (round, (mine, theirs)) in mine.iter().zip(&theirs).enumerate() {
        assert!(mine.0 != theirs.0, "round {round}: {mine:?} {theirs:?}");
        let refused = if mine.0 { &theirs.1 } else { &mine.1 };
        assert!(refused.contains("overlaps with subnet"), "{refused}");
    }
    let list = session.ok("remote-subnet4-list", r#"{"server-tags": ["abc"]}"#);
    assert_eq!(list.get("count").and_then(Value::as_int), Some(ROUNDS.into()));
}
