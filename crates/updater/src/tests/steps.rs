use base::XorShift;
use dns::{Algorithm, Key};
use ncr::Dhcid;

use super::*;
use crate::tests::zone::{Message, answer};

/// Notes what happens.
#[derive(Default)]
struct Notes(Vec<String>);

impl Report for Notes {
    fn event(&mut self, _: Option<&NameChangeRequest>, event: &Event<'_>) {
        self.0.extend(match event {
            Event::Attempted { attempt: Attempt::Answered(_), .. } => None,
            Event::Sent { step, server } => Some(format!("{step} to {}", server.address.ip())),
            Event::Attempted { attempt, .. } => Some(attempt.to_string()),
            Event::Rejected { rcode, .. } => Some(format!("rejected {rcode}")),
            Event::Finished { success, forward, reverse } => {
                Some(format!("end {success} {forward:?} {reverse:?}"))
            }
            other => panic!("{other:?}"),
        });
    }
}

fn domain(name: &str, servers: &[&str], key: Option<&Arc<Key>>) -> Arc<Domain> {
    let server = |address: &&str| Server {
        address: (address.parse::<std::net::IpAddr>().unwrap(), 53).into(),
        key: key.cloned(),
    };
    Arc::new(Domain { name: Name::parse(name).unwrap(), servers: servers.iter().map(server).collect() })
}

fn request(change: Change, mode: ConflictResolution) -> NameChangeRequest {
    NameChangeRequest {
        change,
        forward: true,
        reverse: true,
        fqdn: "a.example.com.".into(),
        address: "192.0.2.1".parse().unwrap(),
        dhcid: Dhcid::from_octets(&[0, 1, 1, 9]).unwrap(),
        lease_expires: None,
        ttl: 600,
        conflict_resolution: mode,
    }
}

const MODES: [ConflictResolution; 4] = [
    ConflictResolution::CheckWithDhcid,
    ConflictResolution::CheckExistsWithDhcid,
    ConflictResolution::NoCheckWithDhcid,
    ConflictResolution::NoCheckWithoutDhcid,
];

/// What comes back.
#[derive(Clone, Copy)]
enum Back {
    Rcode(u8),
    Silence,
    Garbage,
    Broken,
}
use Back::{Broken, Garbage, Rcode as R, Silence};

struct Run {
    notes: Vec<String>,
    messages: Vec<Message>,
}

fn run(
    request: NameChangeRequest,
    forward: Option<Arc<Domain>>,
    reverse: Option<Arc<Domain>>,
    back: &[Back],
) -> Run {
    let mut notes = Notes::default();
    let mut random = XorShift::new(7);
    let mut now = 0;
    let host = Name::parse(&request.fqdn).unwrap();
    let mut transaction = Transaction::new(request, host, forward, reverse);
    let mut messages = Vec::new();
    let mut back = back.iter();
    let mut next = None;
    loop {
        let mut with = Surroundings {
            time: 1_700_000_000,
            now,
            timeout: 500_000,
            random: &mut random,
            report: &mut notes,
        };
        let octets = match next.take().unwrap_or_else(|| transaction.start(&mut with)) {
            Next::Send { octets, .. } => octets,
            Next::Done => break,
        };
        assert_eq!(transaction.deadline(), Some(now + 500_000));
        let message = Message::read(&octets);
        let id = message.id;
        messages.push(message);
        now += 1000;
        with.now = now;
        // What answers nothing changes nothing.
        for other in [answer(id ^ 1, 0), answer(id, 0)[..11].to_vec(), octets.clone()] {
            assert!(transaction.answer(&other, &mut with).is_none());
        }
        next = Some(match back.next().expect("another answer") {
            R(rcode) => transaction.answer(&answer(id, *rcode), &mut with).expect("an answer"),
            Silence => transaction.attempted(&Attempt::TimedOut, &mut with),
            Garbage => transaction.attempted(&Attempt::Corrupt("x".to_owned()), &mut with),
            Broken => transaction.attempted(&Attempt::Failed("x".to_owned()), &mut with),
        });
    }
    assert!(back.next().is_none(), "all answers are used: {:?}", notes.0);
    assert_eq!(transaction.deadline(), None);
    Run { notes: notes.0, messages }
}

fn both(servers: &[&str]) -> [Option<Arc<Domain>>; 2] {
    [Some(domain("example.com.", servers, None)), Some(domain("2.0.192.in-addr.arpa.", servers, None))]
}

/// Each update of each mode, as RFC 4703 and Kea's manual have them.
#[test]
fn updates() {
    use Change::{Add, Remove};
    let host = "example.com. a.example.com.:";
    let pointer = "2.0.192.in-addr.arpa. 1.2.0.192.in-addr.arpa.:";
    let (add, replace) = ("+A=192.0.2.1/600", "--A +A=192.0.2.1/600");
    let (mark, remark) = ("+DHCID=00010109/600", "--DHCID +DHCID=00010109/600");
    let reverse = format!("{pointer}  > --PTR +PTR=a.example.com./600");
    let ours = "is DHCID=00010109";
    let unpointed = format!("{pointer} is PTR=a.example.com. > --ANY");
    let expected: [(Change, usize, &[Back], Vec<String>); 8] = [
        (
            Add,
            0,
            &[R(6), R(0), R(0)],
            vec![
                format!("{host} no ANY > {add} {mark}"),
                format!("{host} any ANY, {ours} > {replace}"),
                format!("{reverse} {remark}"),
            ],
        ),
        (
            Add,
            1,
            &[R(6), R(0), R(0)],
            vec![
                format!("{host} no ANY > {add} {mark}"),
                format!("{host} any DHCID > {replace} {remark}"),
                format!("{reverse} {remark}"),
            ],
        ),
        (Add, 2, &[R(0), R(0)], vec![format!("{host}  > {replace} {remark}"), format!("{reverse} {remark}")]),
        (Add, 3, &[R(0), R(0)], vec![format!("{host}  > {replace}"), reverse.clone()]),
        (
            Remove,
            0,
            &[R(0), R(0), R(0)],
            vec![
                format!("{host} {ours} > -A=192.0.2.1"),
                format!("{host} {ours}, no A, no AAAA > --ANY"),
                unpointed.clone(),
            ],
        ),
        (
            Remove,
            1,
            &[R(0), R(0), R(0)],
            vec![
                format!("{host} any DHCID > -A=192.0.2.1"),
                format!("{host} no A, no AAAA > --DHCID"),
                unpointed.clone(),
            ],
        ),
        (
            Remove,
            2,
            &[R(0), R(0)],
            vec![format!("{host}  > --A --DHCID"), format!("{pointer}  > --PTR --DHCID")],
        ),
        (Remove, 3, &[R(0), R(0)], vec![format!("{host}  > --A"), format!("{pointer}  > --PTR")]),
    ];
    for (change, mode, back, expected) in expected {
        let [forward, reverse] = both(&["192.0.2.53"]);
        let run = run(request(change, MODES[mode]), forward, reverse, back);
        let texts: Vec<String> = run.messages.iter().map(Message::text).collect();
        assert_eq!(texts, expected, "{change:?} {:?}", MODES[mode]);
        assert_eq!(run.notes.last().map(String::as_str), Some("end true Some(true) Some(true)"));
    }
}

#[test]
fn addresses_of_ipv6() {
    let mut request = request(Change::Add, ConflictResolution::CheckWithDhcid);
    request.address = "2001:db8::1".parse().unwrap();
    request.reverse = false;
    let run = run(request, Some(domain("example.com", &["192.0.2.53"], None)), None, &[R(0)]);
    assert_eq!(
        run.messages[0].text(),
        "example.com. a.example.com.: no ANY > +AAAA=2001:db8::1/600 +DHCID=00010109/600"
    );
}

/// What answers lead to.
#[test]
fn answers() {
    use Change::{Add, Remove};
    let check = ConflictResolution::CheckWithDhcid;
    let simple = ConflictResolution::NoCheckWithDhcid;
    let cases: [(Change, ConflictResolution, &[Back], &[&str]); 13] = [
        // A name that nobody has.
        (Add, check, &[R(0), R(0)], &["Forward Add", "Reverse Replace", "end true Some(true) Some(true)"]),
        // Of another client.
        (
            Add,
            check,
            &[R(6), R(8)],
            &["Forward Add", "Forward Replace", "rejected 8 (NXRRSET)", "end false Some(false) Some(false)"],
        ),
        // Gone between two updates.
        (
            Add,
            check,
            &[R(6), R(3), R(0), R(0)],
            &[
                "Forward Add",
                "Forward Replace",
                "Forward Add",
                "Reverse Replace",
                "end true Some(true) Some(true)",
            ],
        ),
        // Gone and back without end.
        (
            Add,
            check,
            &[R(6), R(3), R(6), R(3), R(6), R(3), R(6), R(3)],
            &[
                "Forward Add",
                "Forward Replace",
                "Forward Add",
                "Forward Replace",
                "Forward Add",
                "Forward Replace",
                "Forward Add",
                "Forward Replace",
                "rejected 3 (NXDOMAIN)",
                "end false Some(false) Some(false)",
            ],
        ),
        (Add, check, &[R(5)], &["Forward Add", "rejected 5 (REFUSED)", "end false Some(false) Some(false)"]),
        (
            Add,
            check,
            &[R(0), R(9)],
            &["Forward Add", "Reverse Replace", "rejected 9 (NOTAUTH)", "end false Some(true) Some(false)"],
        ),
        (
            Add,
            simple,
            &[R(3)],
            &["Forward Replace", "rejected 3 (NXDOMAIN)", "end false Some(false) Some(false)"],
        ),
        // Not ours any more, and addresses of the other family: nothing to do there.
        (
            Remove,
            check,
            &[R(8), R(8), R(8)],
            &[
                "Forward A/AAAA Remove",
                "Forward RR Remove",
                "Reverse Remove",
                "end true Some(true) Some(true)",
            ],
        ),
        (
            Remove,
            check,
            &[R(0), R(7), R(0)],
            &[
                "Forward A/AAAA Remove",
                "Forward RR Remove",
                "Reverse Remove",
                "end true Some(true) Some(true)",
            ],
        ),
        (
            Remove,
            check,
            &[R(5)],
            &["Forward A/AAAA Remove", "rejected 5 (REFUSED)", "end false Some(false) Some(false)"],
        ),
        (
            Remove,
            check,
            &[R(0), R(2)],
            &[
                "Forward A/AAAA Remove",
                "Forward RR Remove",
                "rejected 2 (SERVFAIL)",
                "end false Some(false) Some(false)",
            ],
        ),
        (
            Remove,
            simple,
            &[R(8), R(0)],
            &["Forward RR Remove", "Reverse Remove", "end true Some(true) Some(true)"],
        ),
        (
            Remove,
            check,
            &[R(0), R(0), R(5)],
            &[
                "Forward A/AAAA Remove",
                "Forward RR Remove",
                "Reverse Remove",
                "rejected 5 (REFUSED)",
                "end false Some(true) Some(false)",
            ],
        ),
    ];
    for (change, mode, back, expected) in cases {
        let [forward, reverse] = both(&["192.0.2.53"]);
        let run = run(request(change, mode), forward, reverse, back);
        let notes: Vec<&str> = run.notes.iter().map(|note| note.trim_end_matches(" to 192.0.2.53")).collect();
        assert_eq!(notes, expected);
    }
}

#[test]
fn servers_take_over_from_each_other() {
    let [forward, reverse] = both(&["192.0.2.53", "192.0.2.54"]);
    let check = ConflictResolution::CheckWithDhcid;
    // The first is silent in the middle: the second begins at the beginning, and the other direction with the first.
    let back = [R(6), Silence, Garbage, Broken, R(0), R(0)];
    let done = run(request(Change::Add, check), forward.clone(), reverse.clone(), &back);
    assert_eq!(
        done.notes,
        [
            "Forward Add to 192.0.2.53",
            "Forward Replace to 192.0.2.53",
            "TIMEOUT",
            "Forward Replace to 192.0.2.53",
            "INVALID_RESPONSE, x",
            "Forward Replace to 192.0.2.53",
            "OTHER, x",
            "Forward Add to 192.0.2.54",
            "Reverse Replace to 192.0.2.53",
            "end true Some(true) Some(true)",
        ]
    );
    // Nobody answers: three times each.
    let done = run(request(Change::Remove, check), None, reverse.clone(), &[Silence; 6]);
    assert_eq!(done.messages.len(), 6);
    assert_eq!(done.notes.last().map(String::as_str), Some("end false None Some(false)"));
    let ids: std::collections::BTreeSet<u16> = done.messages.iter().map(|message| message.id).collect();
    assert!(ids.len() > 1, "each message has an identifier of its own");
    // A refusal is an answer; nobody else is asked.
    let done = run(request(Change::Add, check), forward, reverse, &[R(5)]);
    assert_eq!(done.messages.len(), 1);
}

#[test]
fn signed_exchanges() {
    let key = |secret: &str| Arc::new(Key::new("k.example", Algorithm::Sha256, secret, 0).unwrap());
    let (ours, other) = (key("c2VjcmV0"), key("c2VjcmV0cw=="));
    let domain = domain("example.com", &["192.0.2.53"], Some(&ours));
    let host = Name::parse("a.example.com").unwrap();
    let mut notes = Notes::default();
    let mut random = XorShift::new(7);
    let mut with =
        Surroundings { time: 1_700_000_000, now: 0, timeout: 1, random: &mut random, report: &mut notes };
    let mut transaction =
        Transaction::new(request(Change::Add, ConflictResolution::CheckWithDhcid), host, Some(domain), None);
    let Next::Send { octets, .. } = transaction.start(&mut with) else { panic!("an update") };
    assert_eq!(octets[11], 1, "a record more, the signature");
    let id = header(&octets).unwrap().id;
    let mac = transaction.sent.as_ref().unwrap().mac.clone().unwrap();
    // Neither without a signature nor with another key.
    let next = transaction.answer(&answer(id, 0), &mut with).unwrap();
    let Next::Send { octets, .. } = next else { panic!("once more") };
    let id = header(&octets).unwrap().id;
    let next = transaction.answer(&other.answer(id, Rcode::NOERROR, &mac, 1_700_000_000), &mut with).unwrap();
    let Next::Send { octets, .. } = next else { panic!("once more") };
    let id = header(&octets).unwrap().id;
    let mac = transaction.sent.as_ref().unwrap().mac.clone().unwrap();
    let right = ours.answer(id, Rcode::NOERROR, &mac, 1_700_000_001);
    assert!(matches!(transaction.answer(&right, &mut with), Some(Next::Done)));
    assert_eq!(
        notes.0,
        [
            "Forward Add to 192.0.2.53",
            "INVALID_RESPONSE, the answer is not signed",
            "Forward Add to 192.0.2.53",
            "INVALID_RESPONSE, the signature is not right",
            "Forward Add to 192.0.2.53",
            "end true Some(true) None",
        ]
    );
}
