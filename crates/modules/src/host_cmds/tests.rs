use crate::subnet_cmds::tests::Session;

const TWO: &str = r#"{ "Dhcp4": { "subnet4": [ { "id": 1, "subnet": "10.0.1.0/24" },
    { "id": 2, "subnet": "10.0.2.0/24", "client-classes": [ "KNOWN" ],
      "reservations": [ { "hw-address": "02:00:00:00:00:01", "ip-address": "10.0.2.9" } ] } ] } }"#;

#[test]
fn reservations_come_change_and_go() {
    let session = Session::new(TWO);
    let add = |rest: &str| {
        format!(r#"reservation-add {{"operation-target":"memory","reservation":{{"hw-address":{rest}}}}}"#)
    };
    let get = |rest: &str| format!(r#"reservation-get {{"operation-target":"memory",{rest}}}"#);
    let del = |rest: &str| format!(r#"reservation-del {{"operation-target":"memory",{rest}}}"#);
    let by_mac = r#""subnet-id":1,"identifier-type":"hw-address","identifier":"1a:1b:1c:1d:1e:1f""#;
    session.play(&[
        ("reservation-add", "1 no parameters specified for the command"),
        ("reservation-add {}", "1 reservation must be specified"),
        (
            r#"reservation-add {"reservation":{"hw-address":"1a:1b:1c:1d:1e:1f","subnet-id":1}}"#,
            "1 Host database not available, cannot add host.",
        ),
        (
            r#"reservation-add {"operation-target":"x","reservation":{}}"#,
            "1 The 'operation-target' value (x) is not within expected set: (memory, database, all, default)",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","subnet-id":3"#),
            "1 IPv4 subnet with ID of '3' is not configured",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","subnet-id":1,"ip-address":"10.0.2.5""#),
            "1 specified reservation '10.0.2.5' is not matching the IPv4 subnet prefix '10.0.1.0/24'",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","ip-address":"10.0.1.5""#),
            "1 Mandatory 'subnet-id' parameter missing. The address '10.0.1.5' belongs to subnet '10.0.1.0/24' id 1.",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","ip-address":"10.0.2.5""#),
            "1 Mandatory 'subnet-id' parameter missing. The address '10.0.2.5' belongs to guarded subnet '10.0.2.0/24' id 2.",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","ip-address":"10.9.2.5""#),
            "1 Mandatory 'subnet-id' parameter missing. The address '10.9.2.5' belongs to no configured subnet.",
        ),
        (&add(r#""1a:1b:1c:1d:1e:1f","subnet-id":"1""#), "1 'subnet-id' parameter is not integer."),
        (&add(r#""1a:1b:1c:1d:1e:1f","subnet-id":1,"ip-address":"10.0.1.5","hostname":"A.b""#), "0 Host added."),
        (
            &add(r#""1a:1b:1c:1d:1e:1f","subnet-id":1"#),
            "1 failed to add new host using the HW address '1a:1b:1c:1d:1e:1f' to the IPv4 subnet id '1' as this host has already been added",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:20","subnet-id":1,"ip-address":"10.0.1.5""#),
            "1 failed to add new host using the HW address '1a:1b:1c:1d:1e:20 and DUID '(null)' to the IPv4 subnet id '1' for the address 10.0.1.5: There's already a reservation for this address",
        ),
        (
            &add(r#""1a:1b:1c:1d:1e:21""#),
            "0 Host added. subnet-id not specified, assumed global (subnet-id 0).",
        ),
        ("reservation-get", "1 Parameters missing or are not a map."),
        (&get(r#""x":1"#), "1 missing parameter 'subnet-id' ("),
        (&get(r#""subnet-id":1"#), "1 No 'ip-address' provided and 'identifier-type' is either missing or not a string."),
        (
            &get(r#""ip-address":"10.0.1.5""#),
            "1 missing parameter 'subnet-id', use 'reservation-get-by-address' with 'ip-address' set to \"10.0.1.5\" to get the list of reservations with this address",
        ),
        (
            &get(r#""subnet-id":1,"identifier-type":"mac","identifier":"01""#),
            "1 Value of 'identifier-type' was not recognized.",
        ),
        (&get(by_mac), "0 Host found."),
        (&get(r#""subnet-id":1,"ip-address":"10.0.1.5""#), "0 Host found."),
        (&get(r#""subnet-id":2,"ip-address":"10.0.1.5""#), "3 Host not found."),
        (
            r#"reservation-get {"operation-target":"database","subnet-id":1,"ip-address":"10.0.1.5"}"#,
            "3 Host not found.",
        ),
        (r#"reservation-get-all {"subnet-id":1}"#, "0 1 IPv4 host(s) found."),
        (r#"reservation-get-all {"subnet-id":0}"#, "0 1 IPv4 host(s) found."),
        (r#"reservation-get-all {"subnet-id":9}"#, "1 IPv4 subnet with ID of '9' is not configured"),
        (r#"reservation-get-by-hostname {"hostname":"a.B"}"#, "0 1 IPv4 host(s) found."),
        (r#"reservation-get-by-hostname {"hostname":""}"#, "1 Empty hostname"),
        (r#"reservation-get-by-hostname {"hostname":"a.b","subnet-id":2}"#, "3 0 IPv4 host(s) found."),
        (r#"reservation-get-by-address {"ip-address":"10.0.2.9"}"#, "0 1 IPv4 host(s) found."),
        (
            r#"reservation-get-by-id {"identifier-type":"hw-address","identifier":"02:00:00:00:00:01"}"#,
            "0 1 IPv4 host(s) found.",
        ),
        (
            r#"reservation-get-by-id {"identifier-type":"hw-address","identifier":"02","subnet-id":1}"#,
            "1 'subnet-id' is forbidden in reservation-get-by-id",
        ),
        (
            r#"reservation-update {"operation-target":"memory","reservation":{"hw-address":"1a:1b:1c:1d:1e:1f"}}"#,
            "1 Mandatory 'subnet-id' parameter missing.",
        ),
        (
            r#"reservation-update {"operation-target":"memory","reservation":{"hw-address":"1a:1b:1c:1d:1e:1f","subnet-id":2}}"#,
            "1 Host not updated (not found).",
        ),
        (
            r#"reservation-add {"operation-target":"memory","reservation":{"flex-id":"'abc'","subnet-id":1,"ip-address":"10.0.1.6"}}"#,
            "0 Host added.",
        ),
        // Of the two it names the one of the command.
        (
            r#"reservation-update {"operation-target":"memory","reservation":{"hw-address":"1a:1b:1c:1d:1e:1f","subnet-id":1,"ip-address":"10.0.1.6"}}"#,
            "1 failed to add new host using the HW address '1a:1b:1c:1d:1e:1f and DUID '(null)' to the IPv4 subnet id '1' for the address 10.0.1.6: There's already a reservation for this address",
        ),
        (&get(r#""subnet-id":1,"ip-address":"10.0.1.5""#), "0 Host found."),
        (
            r#"reservation-update {"operation-target":"memory","reservation":{"hw-address":"1a:1b:1c:1d:1e:1f","subnet-id":1,"hostname":"new"}}"#,
            "0 Host updated.",
        ),
        (&get(r#""subnet-id":1,"ip-address":"10.0.1.5""#), "3 Host not found."),
        (
            r#"reservation-del {"subnet-id":1,"ip-address":"10.0.1.5"}"#,
            "1 Unable to delete a host because there is no hosts-databases configured.",
        ),
        (&del(r#""subnet-id":1,"ip-address":"10.0.1.5""#), "3 Host not deleted (not found)."),
        (&del(by_mac), "0 Host deleted."),
        (&del(by_mac), "3 Host not deleted (not found)."),
    ]);
    let answer = session.ask(&get(r#""subnet-id":2,"ip-address":"10.0.2.9""#));
    assert_eq!(
        json::to_string(&answer.arguments.unwrap()),
        r#"{ "boot-file-name": "", "client-classes": [  ], "hostname": "", "hw-address": "02:00:00:00:00:01", "ip-address": "10.0.2.9", "next-server": "0.0.0.0", "option-data": [  ], "server-hostname": "", "subnet-id": 2 }"#
    );
}

#[test]
fn pages_follow_one_another() {
    let session = Session::new(TWO);
    for number in 0..5 {
        let answer = session.ask(&format!(
            r#"reservation-add {{"operation-target":"memory","reservation":{{"hw-address":"00:00:00:00:00:0{number}","subnet-id":1}}}}"#
        ));
        assert_eq!(answer.result, 0);
    }
    let mut next = String::new();
    let mut counts = Vec::new();
    loop {
        let answer = session.ask(&format!(r#"reservation-get-page {{"limit":4{next}}}"#));
        let arguments = answer.arguments.unwrap();
        counts.push(arguments.get("count").unwrap().as_int().unwrap());
        let Some(place) = arguments.get("next") else {
            assert_eq!(answer.result, 3);
            break;
        };
        let member = |name: &str| place.get(name).unwrap().as_int().unwrap();
        next = format!(r#","from":{},"source-index":{}"#, member("from"), member("source-index"));
    }
    assert_eq!(counts, [4, 2, 0]);
    session.play(&[
        (r#"reservation-get-page {"limit":9,"subnet-id":1}"#, "0 5 IPv4 host(s) found."),
        (r#"reservation-get-page {"limit":0}"#, "1 page size value must not be zero"),
        (r#"reservation-get-page {}"#, "1 missing parameter 'limit'"),
    ]);
}
