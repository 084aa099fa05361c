//! `.text` of an option: strings as they are, others in the form in which Kea shows options.

use options::{DataType, Show, without_nuls};

use crate::path::OptionRef;
use crate::value::Octets;

pub(crate) fn render<'v>(option: &OptionRef, payload: Octets<'v>, lenient: bool) -> Octets<'v> {
    if option.definition.as_ref().is_some_and(|definition| definition.data_type == DataType::String) {
        let end = without_nuls(&payload).len();
        return payload.part(0..end);
    }
    let mut out = Vec::new();
    let show = Show { table: &option.table, lenient, for_log: false };
    show.option(option.code, option.definition.as_deref(), &payload, 0, &mut out);
    Octets::Own(out.into())
}
