//! The server's DUID (RFC 9915 section 11; Kea manual, "Server Identifier in DHCPv6"): made once, kept in a file, and
//! changed no more than the configuration asks for.

use std::path::Path;

use base::{Duid, Micros, Random};
use config::{DuidKind, ServerIdConfig};
use daemon::RealRandom;

/// The file beside the leases.
pub(crate) const FILE: &str = "kea-dhcp6-serverid";
/// Seconds from 1970 to 2000, where the time of a DUID-LLT begins.
const EPOCH: u64 = 946_684_800;
const ETHERNET: u16 = 1;
/// ISC's enterprise number, as Kea's.
const ISC: u32 = 2495;

/// Who the server is.
#[derive(Debug)]
pub(crate) struct ServerId(Duid);

impl Default for ServerId {
    /// Before there is a configuration; no packet is served with it.
    fn default() -> Self {
        Self(Duid::empty())
    }
}

impl ServerId {
    pub(crate) fn duid(&self) -> &Duid {
        &self.0
    }

    /// The DUID of the file in `directory` as far as the configuration lets it stay, else a new one; written back.
    ///
    /// # Errors
    /// When it cannot be written: the server would be another one after its next start.
    pub(crate) fn establish(config: &ServerIdConfig, directory: &Path, now: Micros) -> Result<Self, String> {
        let file = directory.join(FILE);
        let stored = if config.persist { read(&file) } else { None };
        let interface = || net::interfaces().ok().and_then(|all| link_layer(&all));
        let duid = make(config, stored.as_ref(), &interface, now, &mut RealRandom::new())?;
        if config.persist && stored.as_ref() != Some(&duid) {
            daemon::replace_file(&file, duid.to_string().as_bytes())
                .map_err(|error| format!("unable to write to DUID file {}: {error}", file.display()))?;
        }
        Ok(Self(duid))
    }
}

/// What is no DUID is made anew.
fn read(file: &Path) -> Option<Duid> {
    let text = std::fs::read_to_string(file).ok()?;
    Duid::parse(&text.split_whitespace().collect::<String>()).ok()
}

/// Hardware type and address of an interface: the first Ethernet one that is up, else the first with an address.
fn link_layer(interfaces: &[net::Interface]) -> Option<(u16, Vec<u8>)> {
    let usable = |i: &&net::Interface| {
        let octets = i.hardware.octets();
        i.up && !i.loopback && octets.len() >= 6 && octets.iter().any(|octet| *octet != 0)
    };
    let ethernet = interfaces.iter().filter(usable).find(|i| i.mac().is_some());
    let chosen = ethernet.or_else(|| interfaces.iter().find(usable))?;
    Some((chosen.hardware.htype(), chosen.hardware.octets().to_vec()))
}

/// A DUID as configured. What the configuration leaves open is as stored, when that is of the same type, or new.
fn make(
    config: &ServerIdConfig,
    stored: Option<&Duid>,
    interface: &dyn Fn() -> Option<(u16, Vec<u8>)>,
    now: Micros,
    random: &mut dyn Random,
) -> Result<Duid, String> {
    let stored = stored.filter(|duid| duid.kind() == Some(config.kind.code()));
    let stored = stored.map_or(&[][..], |duid| duid.octets());
    let part = |at: std::ops::Range<usize>| stored.get(at).map(<[u8]>::to_vec);
    // The identifier is what follows the parts of fixed length.
    let fixed = match config.kind {
        DuidKind::Llt => 8,
        DuidKind::En => 6,
        DuidKind::Ll => 4,
        DuidKind::Uuid => 2,
    };
    let kept = stored.get(fixed..).filter(|identifier| !identifier.is_empty());
    let given = (!config.identifier.is_empty()).then_some(&*config.identifier);
    let mut duid = config.kind.code().to_be_bytes().to_vec();
    match config.kind {
        DuidKind::Llt | DuidKind::Ll => {
            let stored_type = part(2..4);
            let (htype, identifier) = match (given, kept) {
                (Some(identifier), _) => {
                    let htype = match config.htype {
                        0 => stored_type.unwrap_or_else(|| ETHERNET.to_be_bytes().to_vec()),
                        htype => htype.to_be_bytes().to_vec(),
                    };
                    (htype, identifier.to_vec())
                }
                (None, Some(kept)) => (stored_type.unwrap_or_default(), kept.to_vec()),
                (None, None) => match interface() {
                    Some((htype, identifier)) => (htype.to_be_bytes().to_vec(), identifier),
                    // A machine without a hardware address: an identity by chance is one as well.
                    None => {
                        let config = ServerIdConfig { kind: DuidKind::En, ..config.clone() };
                        return make(&config, None, &|| None, now, random);
                    }
                },
            };
            duid.extend(htype);
            if config.kind == DuidKind::Llt {
                let seconds = (now.0 / 1_000_000).saturating_sub(EPOCH);
                // The time of a DUID wraps (RFC 9915 section 11.2).
                let present = u32::try_from(seconds & u64::from(u32::MAX)).unwrap_or(0).max(1);
                duid.extend(match config.time {
                    0 => part(4..8).unwrap_or_else(|| present.to_be_bytes().to_vec()),
                    time => time.to_be_bytes().to_vec(),
                });
            }
            duid.extend(identifier);
        }
        DuidKind::En => {
            duid.extend(match config.enterprise_id {
                0 => part(2..6).unwrap_or_else(|| ISC.to_be_bytes().to_vec()),
                number => number.to_be_bytes().to_vec(),
            });
            match given.or(kept) {
                Some(identifier) => duid.extend(identifier),
                None => duid.extend(random.next_u64().to_be_bytes().iter().take(6)),
            }
        }
        DuidKind::Uuid => match given.or(kept) {
            Some(identifier) => duid.extend(identifier),
            None => {
                let mut uuid = [random.next_u64().to_be_bytes(), random.next_u64().to_be_bytes()].concat();
                // Version 4, made by chance (RFC 9562 section 5.4).
                if let [_, _, _, _, _, _, version, _, variant, ..] = uuid.as_mut_slice() {
                    *version = *version & 0x0f | 0x40;
                    *variant = *variant & 0x3f | 0x80;
                }
                duid.extend(uuid);
            }
        },
    }
    Duid::new(&duid).map_err(|error| format!("server-id: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = Micros((EPOCH + 0x0102_0304) * 1_000_000);

    fn config(kind: DuidKind) -> ServerIdConfig {
        ServerIdConfig {
            kind,
            identifier: Box::default(),
            htype: 0,
            time: 0,
            enterprise_id: 0,
            persist: true,
        }
    }

    fn made(config: &ServerIdConfig, stored: Option<&str>) -> String {
        let stored = stored.map(|text| Duid::parse(text).unwrap());
        let interface = || Some((1, vec![2, 0, 0, 0, 0, 9]));
        let mut random = base::XorShift::new(7);
        make(config, stored.as_ref(), &interface, NOW, &mut random).unwrap().to_string()
    }

    #[test]
    fn made_of_an_interface_and_the_time() {
        assert_eq!(made(&config(DuidKind::Llt), None), "00:01:00:01:01:02:03:04:02:00:00:00:00:09");
        assert_eq!(made(&config(DuidKind::Ll), None), "00:03:00:01:02:00:00:00:00:09");
        let uuid = made(&config(DuidKind::Uuid), None);
        assert_eq!((uuid.len(), &uuid[..6], &uuid[24..25]), (18 * 3 - 1, "00:04:", "4"));
        let enterprise = made(&config(DuidKind::En), None);
        assert_eq!((enterprise.len(), &enterprise[..17]), (12 * 3 - 1, "00:02:00:00:09:bf"));
    }

    #[test]
    fn what_is_stored_stays_as_far_as_it_may() {
        let stored = "00:01:00:06:00:00:00:05:aa:bb:cc:dd:ee:ff";
        let llt = config(DuidKind::Llt);
        assert_eq!(made(&llt, Some(stored)), stored);
        let time = ServerIdConfig { time: 9, ..llt.clone() };
        assert_eq!(made(&time, Some(stored)), "00:01:00:06:00:00:00:09:aa:bb:cc:dd:ee:ff");
        let identifier = ServerIdConfig { identifier: [1, 2, 3, 4, 5, 6].into(), ..llt };
        assert_eq!(made(&identifier, Some(stored)), "00:01:00:06:00:00:00:05:01:02:03:04:05:06");
        let link = ServerIdConfig { htype: 8, identifier: [1, 2, 3].into(), ..config(DuidKind::Ll) };
        assert_eq!(made(&link, None), "00:03:00:08:01:02:03");
        // Another type is another identity.
        assert_eq!(made(&config(DuidKind::Ll), Some(stored)), "00:03:00:01:02:00:00:00:00:09");
        let enterprise = ServerIdConfig { enterprise_id: 1, ..config(DuidKind::En) };
        assert_eq!(made(&enterprise, Some("00:02:00:00:09:bf:01:02")), "00:02:00:00:00:01:01:02");
    }

    #[test]
    fn a_machine_without_hardware_addresses_has_an_identity_too() {
        let duid = make(&config(DuidKind::Llt), None, &|| None, NOW, &mut base::XorShift::new(7)).unwrap();
        assert_eq!(duid.kind(), Some(2));
    }

    #[test]
    fn the_file_is_kept() {
        let directory = tempfile::tempdir().unwrap();
        let llt = config(DuidKind::Llt);
        let first = ServerId::establish(&llt, directory.path(), NOW).unwrap();
        let text = std::fs::read_to_string(directory.path().join(FILE)).unwrap();
        assert_eq!(text, first.duid().to_string());
        let later = Micros(NOW.0 + 1_000_000_000);
        assert_eq!(ServerId::establish(&llt, directory.path(), later).unwrap().duid(), first.duid());
        std::fs::write(directory.path().join(FILE), "rubbish").unwrap();
        assert!(ServerId::establish(&llt, directory.path(), later).is_ok());
        assert!(ServerId::establish(&llt, Path::new("/nowhere"), later).is_err());
        let fleeting = ServerIdConfig { persist: false, ..llt };
        assert!(ServerId::establish(&fleeting, Path::new("/nowhere"), later).is_ok());
    }
}
