//! What comes to the DNS updater: requests of DHCP servers, answers of name servers, names in both.
#![no_main]

use dns::{Algorithm, Key, Name};
use libfuzzer_sys::fuzz_target;
use ncr::NameChangeRequest;

/// Seconds since 1970.
const NOW: u64 = 1_700_000_000;

fuzz_target!(|input: &[u8]| {
    let Some((kind, rest)) = input.split_first() else { return };
    match kind % 3 {
        0 => {
            let Ok(request) = NameChangeRequest::decode(rest) else { return };
            if let Ok(datagram) = request.encode() {
                assert_eq!(NameChangeRequest::decode(&datagram), Ok(request));
            }
        }
        1 => {
            let Ok(name) = Name::parse(&String::from_utf8_lossy(rest)) else { return };
            assert_eq!(Name::parse(&name.to_string()), Ok(name));
        }
        _ => {
            let key = Key::new("key.example", Algorithm::Sha256, "c2VjcmV0", 0).expect("a key");
            let mut request = vec![0, 1, 0x28, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            let mac = key.sign(&mut request, NOW);
            let _ = dns::header(rest);
            // Nobody but who has the key makes what is believed.
            assert!(key.verify(rest, &mac, NOW).is_err());
        }
    }
});
