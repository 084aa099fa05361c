//! One table per map of a configuration: which members it may have, their types, ranges and defaults, whether they
//! are inherited, which of them a configuration backend stores, and which are refused for now.
//!
//! Everything that needs to know a keyword reads these tables: the parser, `config-get`, the commands of the
//! configuration backend, the columns of its databases and the keyword reference in the documentation.

use base::Family;

mod agent;
mod d2;
mod dhcp4;
mod dhcp6;
mod reference;
mod scope4;
mod scope6;
mod service;

pub use agent::{AGENT, AGENT_SOCKET};
pub use d2::{D2, DDNS_DOMAIN, DIRECTION, DNS_SERVER, TSIG_KEY};
pub use dhcp4::DHCP4;
pub use dhcp6::DHCP6;
pub use reference::reference;
pub use scope4::{
    CLIENT_CLASS, OPTION_DATA, OPTION_DEF, POOL4, RELAY, RESERVATION4, SHARED_NETWORK4, SUBNET4,
};
pub use scope6::{
    CLIENT_CLASS6, OPTION_DATA6, OPTION_DEF6, PD_POOL, POOL6, RELAY6, RESERVATION6, SERVER_ID,
    SHARED_NETWORK6, SUBNET6,
};
pub use service::{
    AUTHENTICATION, CLIENT, CONFIG_CONTROL, CONTROL_SOCKET, DATABASE, DHCP_DDNS, EXPIRED_LEASES,
    HOOKS_LIBRARY, HTTP_HEADER, INTERFACES, INTERFACES6, LOGGER, MULTI_THREADING, OUTPUT_OPTION,
    QUEUE_CONTROL, QUEUE_CONTROL6, SANITY_CHECKS,
};

/// The members that a map may have, in the order of their names.
#[derive(Debug)]
pub struct Table {
    /// What error texts call the map: the keyword that holds it.
    pub name: &'static str,
    pub keywords: &'static [Keyword],
    /// Objects of a configuration backend carry `metadata` in answers; it is dropped when they come back.
    pub metadata: bool,
}

impl Table {
    /// The keyword of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'static Keyword> {
        let at = self.keywords.binary_search_by(|k| k.name.cmp(name)).ok()?;
        self.keywords.get(at)
    }
}

/// One member of a map.
#[derive(Clone, Copy, Debug)]
pub struct Keyword {
    pub name: &'static str,
    pub kind: Type,
    pub default: Literal,
    /// Without a value here, that of the enclosing scope counts: subnet, shared network, globals.
    pub inherited: bool,
    pub required: bool,
    pub status: Status,
    pub backend: Backend,
    /// One line for the reference.
    pub doc: &'static str,
}

/// The type of a member, with what limits its values.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    Bool,
    /// Bounds are inclusive.
    Int(i64, i64),
    /// Any real; ranges are open on one side or the other and are checked with the scope.
    Real,
    Str,
    /// Text of at most so many octets.
    Text(usize),
    /// One of several words.
    Word(&'static [&'static str]),
    /// One of several words, in upper or lower case.
    WordAnyCase(&'static [&'static str]),
    /// One of several words, or a boolean that stands for one of them (`false`, `true`).
    WordOrBool(&'static [&'static str], [&'static str; 2]),
    Ipv4,
    Ipv6,
    /// An address of either family.
    Address,
    Strings,
    Map(&'static Table),
    Maps(&'static Table),
    /// A map whose members are nobody's business here.
    FreeMap,
}

/// A value in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Literal {
    /// Without a default the member is absent.
    None,
    Bool(bool),
    Int(i64),
    Real(f64),
    Str(&'static str),
    EmptyList,
    EmptyMap,
}

impl Literal {
    #[must_use]
    pub fn value(&self) -> Option<json::Value> {
        Some(match self {
            Self::None => return None,
            Self::Bool(b) => (*b).into(),
            Self::Int(i) => (*i).into(),
            Self::Real(r) => (*r).into(),
            Self::Str(s) => (*s).into(),
            Self::EmptyList => Vec::new().into(),
            Self::EmptyMap => json::Value::map(),
        })
    }
}

/// What becomes of a member.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    Supported,
    /// Only this value, which means off, is served; any other is refused for the reason.
    Only(Literal, &'static str),
    /// Every value but this one is served; it is refused for the reason.
    Except(Literal, &'static str),
    /// An old spelling.
    Old(Translation),
}

/// How an old spelling becomes a new one.
#[derive(Clone, Copy, Debug)]
pub enum Translation {
    /// Another name for the same.
    Name(&'static str),
    /// The one item of a list of another name; an empty text or map is an empty list.
    Item(&'static str),
    /// `ddns-use-conflict-resolution` to `ddns-conflict-resolution-mode`.
    ConflictResolution,
    /// `reservation-mode` to the three flags.
    ReservationMode,
    /// A member of `dhcp-ddns` that is a global parameter now.
    Global(&'static str),
}

/// Whether a configuration backend stores a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    No,
    Yes,
    /// A map whose members are stored one by one, named `map.member`.
    Leaves,
}

impl Keyword {
    const fn new(name: &'static str, kind: Type, doc: &'static str) -> Self {
        Self {
            name,
            kind,
            default: Literal::None,
            inherited: false,
            required: false,
            status: Status::Supported,
            backend: Backend::No,
            doc,
        }
    }

    const fn default(mut self, default: Literal) -> Self {
        self.default = default;
        self
    }

    const fn bool(self, default: bool) -> Self {
        self.default(Literal::Bool(default))
    }

    const fn int(self, default: i64) -> Self {
        self.default(Literal::Int(default))
    }

    const fn real(self, default: f64) -> Self {
        self.default(Literal::Real(default))
    }

    const fn text(self, default: &'static str) -> Self {
        self.default(Literal::Str(default))
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn inherited(mut self) -> Self {
        self.inherited = true;
        self
    }

    const fn stored(mut self) -> Self {
        self.backend = Backend::Yes;
        self
    }

    const fn leaves(mut self) -> Self {
        self.backend = Backend::Leaves;
        self
    }

    const fn only(mut self, value: Literal, reason: &'static str) -> Self {
        self.status = Status::Only(value, reason);
        self
    }

    const fn except(mut self, value: Literal, reason: &'static str) -> Self {
        self.status = Status::Except(value, reason);
        self
    }

    const fn old(mut self, translation: Translation) -> Self {
        self.status = Status::Old(translation);
        self
    }
}

/// Largest value of an unsigned 16-bit member.
pub(crate) const U16: i64 = 65_535;
/// Largest value of an unsigned 32-bit member.
pub(crate) const U32: i64 = 4_294_967_295;

const fn kw(name: &'static str, kind: Type, doc: &'static str) -> Keyword {
    Keyword::new(name, kind, doc)
}

/// `comment`, which every map with a `user-context` takes.
const COMMENT: Keyword = kw("comment", Type::Str, "Text for people; kept as user-context.comment.");
const USER_CONTEXT: Keyword = kw("user-context", Type::FreeMap, "Any map of the operator's; kept as it is.");

/// The tables of one protocol: of its globals, and of the objects that stand in them.
#[derive(Debug)]
pub struct Tables {
    pub globals: &'static Table,
    pub subnet: &'static Table,
    pub shared_network: &'static Table,
    pub pool: &'static Table,
    pub option_data: &'static Table,
    pub option_def: &'static Table,
    pub client_class: &'static Table,
    pub reservation: &'static Table,
    pub relay: &'static Table,
}

/// The tables of a protocol.
#[must_use]
pub fn tables(family: Family) -> &'static Tables {
    static TABLES4: Tables = Tables {
        globals: &DHCP4,
        subnet: &SUBNET4,
        shared_network: &SHARED_NETWORK4,
        pool: &POOL4,
        option_data: &OPTION_DATA,
        option_def: &OPTION_DEF,
        client_class: &CLIENT_CLASS,
        reservation: &RESERVATION4,
        relay: &RELAY,
    };
    static TABLES6: Tables = Tables {
        globals: &DHCP6,
        subnet: &SUBNET6,
        shared_network: &SHARED_NETWORK6,
        pool: &POOL6,
        option_data: &OPTION_DATA6,
        option_def: &OPTION_DEF6,
        client_class: &CLIENT_CLASS6,
        reservation: &RESERVATION6,
        relay: &RELAY6,
    };
    match family {
        Family::V4 => &TABLES4,
        Family::V6 => &TABLES6,
    }
}

/// A global parameter that `remote-global-parameter4-set` and `remote-global-parameter6-set` take: `name`, or
/// `map.member`.
#[must_use]
pub fn global_parameter(family: Family, name: &str) -> Option<&'static Keyword> {
    let globals = tables(family).globals;
    match name.split_once('.') {
        None => globals.get(name).filter(|k| {
            k.backend == Backend::Yes
                && !matches!(k.kind, Type::Maps(_))
                && !matches!(k.status, Status::Old(_))
        }),
        Some((map, member)) => {
            let holder = globals.get(map).filter(|k| k.backend == Backend::Leaves)?;
            let Type::Map(table) = holder.kind else { return None };
            table.get(member).filter(|k| k.backend == Backend::Yes && !matches!(k.status, Status::Old(_)))
        }
    }
}
