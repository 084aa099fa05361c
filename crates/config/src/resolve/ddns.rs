//! Names of clients, level by level.

use std::sync::Arc;

use json::{Map, Pos, Value};
use ncr::{ConflictResolution, TtlRule};

use super::{Context, ere};
use crate::parse::objects::{boolean, int, real, text};
use crate::parse::position;
use crate::{Ddns, ReplaceClientName, Sanitiser};

const CHAR_SET: &str = "hostname-char-set";
const REPLACEMENT: &str = "hostname-char-replacement";
const CONFLICTS: &str = "ddns-conflict-resolution-mode";
const KEYWORDS: [&str; 14] = [
    CONFLICTS,
    "ddns-ttl",
    "ddns-ttl-max",
    "ddns-ttl-min",
    "ddns-ttl-percent",
    "ddns-update-on-renew",
    "ddns-send-updates",
    "ddns-override-no-update",
    "ddns-override-client-update",
    "ddns-replace-client-name",
    "ddns-generated-prefix",
    "ddns-qualifying-suffix",
    CHAR_SET,
    REPLACEMENT,
];

pub(super) fn globals(ctx: &mut Context<'_>, map: &Map, pos: &Pos) -> Arc<Ddns> {
    let word =
        |name: &str| ctx.global(map, name).as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    let (set, replacement) = (word(CHAR_SET), word(REPLACEMENT));
    let sanitiser = sanitiser(ctx, map, pos, &set, &replacement);
    let flag = |name: &str| ctx.global(map, name).and_then(|v| v.as_bool()).unwrap_or(false);
    let word =
        |name: &str| ctx.global(map, name).as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    Arc::new(Ddns {
        send_updates: flag("ddns-send-updates"),
        override_no_update: flag("ddns-override-no-update"),
        override_client_update: flag("ddns-override-client-update"),
        update_on_renew: flag("ddns-update-on-renew"),
        conflict_resolution: conflicts(map).unwrap_or_default(),
        ttl: ttl(map, TtlRule::default()),
        replace_client_name: mode(&word("ddns-replace-client-name")),
        generated_prefix: word("ddns-generated-prefix").into(),
        qualifying_suffix: word("ddns-qualifying-suffix").into(),
        hostname_char_set: set.into(),
        hostname_char_replacement: replacement.into(),
        sanitiser,
    })
}

/// The level below, described by `map`; a level that says nothing of names shares the one above.
pub(super) fn inner(ctx: &mut Context<'_>, outer: &Arc<Ddns>, map: &Map, pos: &Pos) -> Arc<Ddns> {
    if !KEYWORDS.iter().any(|name| map.contains_key(*name)) {
        return Arc::clone(outer);
    }
    let word = |name: &str, outer: &Arc<str>| text(map, name).map_or_else(|| Arc::clone(outer), Arc::from);
    let set = word(CHAR_SET, &outer.hostname_char_set);
    let replacement = word(REPLACEMENT, &outer.hostname_char_replacement);
    let same = set == outer.hostname_char_set && replacement == outer.hostname_char_replacement;
    let sanitiser = if same { outer.sanitiser.clone() } else { sanitiser(ctx, map, pos, &set, &replacement) };
    Arc::new(Ddns {
        send_updates: boolean(map, "ddns-send-updates").unwrap_or(outer.send_updates),
        override_no_update: boolean(map, "ddns-override-no-update").unwrap_or(outer.override_no_update),
        override_client_update: boolean(map, "ddns-override-client-update")
            .unwrap_or(outer.override_client_update),
        update_on_renew: boolean(map, "ddns-update-on-renew").unwrap_or(outer.update_on_renew),
        conflict_resolution: conflicts(map).unwrap_or(outer.conflict_resolution),
        ttl: ttl(map, outer.ttl),
        replace_client_name: text(map, "ddns-replace-client-name").map_or(outer.replace_client_name, mode),
        generated_prefix: word("ddns-generated-prefix", &outer.generated_prefix),
        qualifying_suffix: word("ddns-qualifying-suffix", &outer.qualifying_suffix),
        hostname_char_set: set,
        hostname_char_replacement: replacement,
        sanitiser,
    })
}

fn conflicts(map: &Map) -> Option<ConflictResolution> {
    text(map, CONFLICTS).and_then(ConflictResolution::from_word)
}

fn ttl(map: &Map, outer: TtlRule) -> TtlRule {
    let seconds = |name: &str| int(map, name).and_then(|n| u32::try_from(n).ok());
    TtlRule {
        fixed: seconds("ddns-ttl").or(outer.fixed),
        percent: real(map, "ddns-ttl-percent").or(outer.percent),
        min: seconds("ddns-ttl-min").or(outer.min),
        max: seconds("ddns-ttl-max").or(outer.max),
    }
}

fn mode(word: &str) -> ReplaceClientName {
    match word {
        "always" => ReplaceClientName::Always,
        "when-present" => ReplaceClientName::WhenPresent,
        "when-not-present" => ReplaceClientName::WhenNotPresent,
        _ => ReplaceClientName::Never,
    }
}

fn sanitiser(
    ctx: &mut Context<'_>,
    map: &Map,
    pos: &Pos,
    set: &str,
    replacement: &str,
) -> Option<Arc<Sanitiser>> {
    if set.is_empty() {
        return None;
    }
    match ere::compile(set) {
        Ok(regex) => Some(Arc::new(Sanitiser::new(regex, replacement))),
        Err(why) => {
            let why = format!("hostname-char-set '{set}' is not a valid regular expression: {why}");
            ctx.fault(&position(map, CHAR_SET, pos), why);
            None
        }
    }
}
