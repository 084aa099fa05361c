//! A message in the hands of libraries: its options can be changed, the rest of it is as it is.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use config::ClassId;
use expr::QueryView;

/// The options of the topmost level, in their order.
pub type OptionList = Vec<(u16, Vec<u8>)>;

/// A message whose options are being changed. Expressions see it as it is by now.
#[derive(Debug)]
pub struct Draft<'m, Q> {
    /// As it was before.
    before: &'m Q,
    options: OptionList,
    /// The field `file` of DHCPv4, where it is to be another.
    file: Option<Vec<u8>>,
    changed: bool,
}

impl<'m, Q> Draft<'m, Q> {
    pub(crate) fn new(before: &'m Q, options: OptionList) -> Self {
        Self { before, options, file: None, changed: false }
    }

    /// The first option of a code.
    #[must_use]
    pub fn get(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find(|(there, _)| *there == code).map(|(_, payload)| payload.as_slice())
    }

    /// All options.
    #[must_use]
    pub fn options(&self) -> &OptionList {
        &self.options
    }

    /// All options, to change them.
    pub fn options_mut(&mut self) -> &mut OptionList {
        self.changed = true;
        &mut self.options
    }

    /// Adds an option behind all others.
    pub fn add(&mut self, code: u16, payload: Vec<u8>) {
        self.options.push((code, payload));
        self.changed = true;
    }

    /// Removes all options of a code.
    pub fn remove(&mut self, code: u16) {
        let before = self.options.len();
        self.options.retain(|(there, _)| *there != code);
        self.changed |= self.options.len() != before;
    }

    /// Sets the field `file` of DHCPv4, as far as it holds that.
    pub fn set_file(&mut self, file: &[u8]) {
        self.file = Some(file.to_vec());
        self.changed = true;
    }

    /// What is to be in the field `file`, where that is set.
    pub(crate) fn take_file(&mut self) -> Option<Vec<u8>> {
        self.file.take()
    }

    /// The options, if they were changed.
    pub(crate) fn changed(self) -> Option<OptionList> {
        self.changed.then_some(self.options)
    }
}

impl<Q: QueryView> QueryView for Draft<'_, Q> {
    fn option(&self, code: u16) -> Option<Cow<'_, [u8]>> {
        self.get(code).map(Cow::Borrowed)
    }

    fn option_at(&self, code: u16, index: usize) -> Option<Cow<'_, [u8]>> {
        let mut all = self.options.iter().filter(|(there, _)| *there == code);
        all.nth(index).map(|(_, payload)| Cow::Borrowed(payload.as_slice()))
    }

    fn is_lenient(&self) -> bool {
        self.before.is_lenient()
    }

    fn member(&self, class: ClassId) -> bool {
        self.before.member(class)
    }

    fn interface(&self) -> &str {
        self.before.interface()
    }

    fn source(&self) -> IpAddr {
        self.before.source()
    }

    fn destination(&self) -> IpAddr {
        self.before.destination()
    }

    fn length(&self) -> u32 {
        self.before.length()
    }

    fn message_type(&self) -> u8 {
        self.before.message_type()
    }

    fn transaction_id(&self) -> u32 {
        self.before.transaction_id()
    }

    fn hardware_address(&self) -> &[u8] {
        self.before.hardware_address()
    }

    fn hardware_length(&self) -> u8 {
        self.before.hardware_length()
    }

    fn hardware_type(&self) -> u16 {
        self.before.hardware_type()
    }

    fn ciaddr(&self) -> Ipv4Addr {
        self.before.ciaddr()
    }

    fn yiaddr(&self) -> Ipv4Addr {
        self.before.yiaddr()
    }

    fn siaddr(&self) -> Ipv4Addr {
        self.before.siaddr()
    }

    fn giaddr(&self) -> Ipv4Addr {
        self.before.giaddr()
    }

    fn relay_count(&self) -> usize {
        self.before.relay_count()
    }

    fn relay_addresses(&self, level: usize) -> Option<(Ipv6Addr, Ipv6Addr)> {
        self.before.relay_addresses(level)
    }

    fn relay_option(&self, level: usize, code: u16) -> Option<Cow<'_, [u8]>> {
        self.before.relay_option(level, code)
    }
}
