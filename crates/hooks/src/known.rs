//! The libraries of Kea and what each stands for here.

use std::path::Path;

/// Programs that have hooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    Dhcp4,
    Dhcp6,
    D2,
    ControlAgent,
}

impl Daemon {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dhcp4 => "kea-dhcp4",
            Self::Dhcp6 => "kea-dhcp6",
            Self::D2 => "kea-dhcp-ddns",
            Self::ControlAgent => "kea-ctrl-agent",
        }
    }
}

/// Libraries that are part of the program and bring something when they are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Module {
    /// The `remote-*` commands.
    CbCmds,
    /// The `class-*` commands.
    ClassCmds,
    /// Names of leases by expression.
    DdnsTuning,
    /// Options by expression.
    FlexOption,
    /// High availability.
    Ha,
    /// The `reservation-*` commands.
    HostCmds,
    /// The `lease4-*` commands.
    LeaseCmds,
    /// Leasequery, and the command that brings old leases up to date for it.
    LeaseQuery,
    /// The legal log.
    LegalLog,
    /// Limits of packets and leases.
    Limits,
    /// Measurement of answers.
    Perfmon,
    /// Roles of those who send commands over HTTP.
    Rbac,
    /// Scripts at events of leases.
    RunScript,
    /// `stat-lease4-get`.
    StatCmds,
    /// The commands that change subnets and shared networks.
    SubnetCmds,
    /// Registered users and others.
    UserChk,
}

/// What a library stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Module(Module),
    /// What it does is there without it; the text says how.
    BuiltIn(&'static str),
    Missing,
}

/// A library of Kea.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Library {
    /// Base name.
    pub name: &'static str,
    pub purpose: &'static str,
    pub daemons: &'static [Daemon],
    pub standing: Standing,
}

/// All libraries, in the order of their names.
pub static LIBRARIES: &[Library] = &[
    Library {
        name: "libddns_gss_tsig",
        purpose: "DNS updates signed with GSS-TSIG",
        daemons: &[Daemon::D2],
        standing: Standing::Missing,
    },
    Library {
        name: "libdhcp_bootp",
        purpose: "answers to BOOTP clients",
        daemons: &[Daemon::Dhcp4],
        standing: Standing::BuiltIn("BOOTP clients are answered while it is listed"),
    },
    Library {
        name: "libdhcp_cb_cmds",
        purpose: "commands for the configuration backend",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::CbCmds),
    },
    Library {
        name: "libdhcp_class_cmds",
        purpose: "commands for client classes",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::ClassCmds),
    },
    Library {
        name: "libdhcp_ddns_tuning",
        purpose: "host names by expression",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::DdnsTuning),
    },
    Library {
        name: "libdhcp_flex_id",
        purpose: "host identifiers by expression",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::BuiltIn("its expression is part of the configuration"),
    },
    Library {
        name: "libdhcp_flex_option",
        purpose: "options by expression",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::FlexOption),
    },
    Library {
        name: "libdhcp_ha",
        purpose: "high availability",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::Ha),
    },
    Library {
        name: "libdhcp_host_cache",
        purpose: "a cache of host reservations",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Missing,
    },
    Library {
        name: "libdhcp_host_cmds",
        purpose: "commands for host reservations",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::HostCmds),
    },
    Library {
        name: "libdhcp_lease_cmds",
        purpose: "commands for leases",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::LeaseCmds),
    },
    Library {
        name: "libdhcp_lease_query",
        purpose: "leasequery",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::LeaseQuery),
    },
    Library {
        name: "libdhcp_legal_log",
        purpose: "the legal log",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::LegalLog),
    },
    Library {
        name: "libdhcp_limits",
        purpose: "limits of packet rates and leases",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::Limits),
    },
    Library {
        name: "libdhcp_mysql",
        purpose: "MySQL databases",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::BuiltIn("configuration databases are part of the server"),
    },
    Library {
        name: "libdhcp_perfmon",
        purpose: "measurement of packet processing",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::Perfmon),
    },
    Library {
        name: "libdhcp_pgsql",
        purpose: "PostgreSQL databases",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::BuiltIn("configuration databases are part of the server"),
    },
    Library {
        name: "libdhcp_ping_check",
        purpose: "echo requests before an offer",
        daemons: &[Daemon::Dhcp4],
        standing: Standing::BuiltIn("addresses are asked before they are offered while it is listed"),
    },
    Library {
        name: "libdhcp_radius",
        purpose: "RADIUS",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Missing,
    },
    Library {
        name: "libdhcp_rbac",
        purpose: "roles for commands",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6, Daemon::D2, Daemon::ControlAgent],
        standing: Standing::Module(Module::Rbac),
    },
    Library {
        name: "libdhcp_run_script",
        purpose: "scripts at lease events",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::RunScript),
    },
    Library {
        name: "libdhcp_stat_cmds",
        purpose: "commands for lease statistics",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::StatCmds),
    },
    Library {
        name: "libdhcp_subnet_cmds",
        purpose: "commands for subnets and networks",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::SubnetCmds),
    },
    Library {
        name: "libdhcp_user_chk",
        purpose: "the user check example",
        daemons: &[Daemon::Dhcp4, Daemon::Dhcp6],
        standing: Standing::Module(Module::UserChk),
    },
];

impl Library {
    /// What is installed under its name: programs and scripts look whether a library is there before they list it.
    #[must_use]
    pub fn placeholder(&self) -> Option<String> {
        (self.standing != Standing::Missing).then(|| {
            format!(
                "What this library brings ({}) is part of the servers; this file is for programs that look for it.\n",
                self.purpose
            )
        })
    }
}

/// Names that libraries had before.
const OLD_NAMES: &[(&str, &str)] =
    &[("libdhcp_mysql_cb", "libdhcp_mysql"), ("libdhcp_pgsql_cb", "libdhcp_pgsql")];

/// The name that counts: without folder and `.so`.
#[must_use]
pub fn base_name(library: &str) -> &str {
    let file = Path::new(library).file_name().and_then(|name| name.to_str()).unwrap_or(library);
    file.strip_suffix(".so").unwrap_or(file)
}

/// The library that an entry of `hooks-libraries` means, by its present or an older name.
#[must_use]
pub fn find(library: &str) -> Option<&'static Library> {
    let name = base_name(library);
    let name = OLD_NAMES.iter().find(|(old, _)| *old == name).map_or(name, |(_, new)| new);
    LIBRARIES.iter().find(|library| library.name == name)
}
