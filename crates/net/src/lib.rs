//! Interfaces, raw and UDP sockets, batched receive and send: the only place that talks to the kernel's network.
//!
//! - [`interfaces`] lists the interfaces of the machine; [`Watch`] tells when that list changes.
//! - [`Selection4`] turns the strings of `interfaces-config` and that list into a [`Plan4`]: what to open.
//! - [`SocketSet4`] opens and closes [`Socket4`]s so that they follow the plan, one queue per worker and [`Lane`].
//! - [`Batch4`] and [`OutBatch4`] carry packets of one system call; see [`Socket4`] for the order of calls.
//!
//! The crate knows nothing of DHCP policy: it moves payloads and says where they came from. Inside the kernel it reads
//! what tells clients apart (chaddr, xid) and the message type, to choose the worker and the lane of a packet.
//!
//! [`serve_promptly`] is for the threads that wait for packets.
//!
//! [`AsyncSocket4`] and [`AsyncWatch`] are the same for a tokio runtime.
//!
//! Linux only. `unsafe` is confined to the modules `sys` (system calls) and `ready` (registration with tokio).

// Tests may index: a panic is their way to fail.
#![cfg_attr(test, allow(clippy::indexing_slicing, clippy::cast_possible_truncation))]

#[cfg(not(target_os = "linux"))]
compile_error!("packet sockets, recvmmsg and netlink are Linux interfaces");

mod batch;
mod filter;
mod frame;
mod icmp;
mod interfaces;
mod lane;
mod netlink;
mod open;
mod out;
mod peer;
mod ports;
mod prompt;
mod ready;
mod select;
mod set;
mod socket;
mod socket6;
mod sys;
mod watch;

pub use batch::{Batch, Batch4, Batch6, Meta4, Meta6, Received, Via};
pub use frame::{FrameError, MacAddr};
pub use icmp::{Answer, Heard, Icmp};
pub use interfaces::{Address4, Address6, Interface, interfaces};
pub use lane::{Lane, overflows6};
pub use netlink::NetlinkError;
pub use open::{OpenError, OpenOptions, OpenOptions4, RECEIVE_BUFFER};
pub use out::{
    Destination4, Destination6, LinkDestination, OutBatch, OutBatch4, OutBatch6, SendFailure, SendReport,
};
pub use peer::PeerSocket;
pub use ports::{CLIENT_PORT4, CLIENT_PORT6, SERVER_PORT4, SERVER_PORT6};
pub use prompt::serve_promptly;
pub use ready::{AsyncSocket, AsyncSocket4, AsyncSocket6, AsyncWatch, Queue, Readable};
pub use select::{
    EntryError, GROUPS6, Listen6, OutboundInterface, Plan4, Plan6, Problem, SelectError, Selectable,
    Selection, Selection4, Selection6, SocketSpec4, SocketSpec6, SocketType, UnknownKeyword,
};
pub use set::{SocketChanges, SocketChanges4, SocketSet4};
pub use socket::{Socket4, SocketId};
pub use socket6::{Socket6, SocketSet6};
pub use watch::{Change, Watch};
