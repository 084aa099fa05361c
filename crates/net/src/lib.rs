//! Interfaces, raw and UDP sockets, batched receive and send
