//! Between PostgreSQL's types and ours.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::net::{IpAddr, Ipv4Addr};

use backend::columns::Datum;
use sql::{Cell, Error};
use tokio_postgres::Row;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// [`Datum`] as a parameter of the type that the statement wants.
#[derive(Debug)]
pub(crate) struct Bind<'a>(pub(crate) &'a Datum);

type Failure = Box<dyn StdError + Sync + Send>;

impl ToSql for Bind<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Failure> {
        match (self.0, kind) {
            (Datum::Null, _) => Ok(IsNull::Yes),
            (Datum::Int(i), &Type::INT8) => i.to_sql(kind, out),
            (Datum::Int(i), &Type::INT4) => i32::try_from(*i)?.to_sql(kind, out),
            (Datum::Int(i), &Type::INT2) => i16::try_from(*i)?.to_sql(kind, out),
            (Datum::Int(i), &Type::BOOL) => (*i != 0).to_sql(kind, out),
            #[allow(clippy::cast_precision_loss)]
            (Datum::Int(i), &Type::FLOAT8) => (*i as f64).to_sql(kind, out),
            (Datum::Int(i), &Type::INET) => {
                IpAddr::from(Ipv4Addr::from(u32::try_from(*i)?)).to_sql(kind, out)
            }
            (Datum::Int(i), &Type::TEXT | &Type::VARCHAR) => i.to_string().to_sql(kind, out),
            (Datum::Real(r), &Type::FLOAT8) => r.to_sql(kind, out),
            (Datum::Text(t), &Type::INET) => t.parse::<IpAddr>()?.to_sql(kind, out),
            // JSON is sent as its text.
            (Datum::Text(t), &Type::JSON) => t.as_str().to_sql(&Type::TEXT, out),
            (Datum::Text(t), &Type::TEXT | &Type::VARCHAR | &Type::NAME) => t.as_str().to_sql(kind, out),
            (Datum::Bytes(b), &Type::BYTEA) => b.as_slice().to_sql(kind, out),
            (_, kind) => Err(format!("no value for a parameter of type {kind}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// A column's octets as they came.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Failure> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The values of a row whose columns have these types.
pub(crate) fn cells<'a>(row: &'a Row, types: &[Type]) -> Result<Vec<Cell<'a>>, Error> {
    let mut cells = Vec::with_capacity(types.len());
    for (at, kind) in types.iter().enumerate() {
        let raw: Option<Raw<'a>> = row
            .try_get(at)
            .map_err(|error| Error::bad_row("a row", format!("column {} of type {kind}: {error}", at + 1)))?;
        cells.push(match raw {
            None => Cell::Null,
            Some(raw) => cell(kind, raw.0).map_err(|error| {
                Error::bad_row("a row", format!("column {} of type {kind}: {error}", at + 1))
            })?,
        });
    }
    Ok(cells)
}

fn cell<'a>(kind: &Type, raw: &'a [u8]) -> Result<Cell<'a>, Failure> {
    Ok(match *kind {
        Type::INT8 => Cell::Int(i64::from_sql(kind, raw)?),
        Type::INT4 => Cell::Int(i32::from_sql(kind, raw)?.into()),
        Type::INT2 => Cell::Int(i16::from_sql(kind, raw)?.into()),
        Type::BOOL => Cell::Int(bool::from_sql(kind, raw)?.into()),
        Type::FLOAT8 => Cell::Real(f64::from_sql(kind, raw)?),
        // Single precision in the digits that it was written with.
        Type::FLOAT4 => Cell::Real(f32::from_sql(kind, raw)?.to_string().parse()?),
        Type::BYTEA => Cell::Bytes(Cow::Borrowed(raw)),
        Type::INET => match IpAddr::from_sql(kind, raw)? {
            IpAddr::V4(address) => Cell::Int(u32::from(address).into()),
            IpAddr::V6(address) => Cell::Text(Cow::Owned(address.to_string())),
        },
        _ => Cell::Text(Cow::Borrowed(std::str::from_utf8(raw)?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(datum: &Datum, kind: &Type) -> Option<Datum> {
        let mut out = BytesMut::new();
        Bind(datum).to_sql(kind, &mut out).ok()?;
        Some(match cell(kind, &out).ok()? {
            Cell::Null => Datum::Null,
            Cell::Int(i) => Datum::Int(i),
            Cell::Real(r) => Datum::Real(r),
            Cell::Text(t) => Datum::Text(t.into_owned()),
            Cell::Bytes(b) => Datum::Bytes(b.into_owned()),
        })
    }

    #[test]
    fn values_come_back_whatever_their_type() {
        for (datum, kind) in [
            (Datum::Int(-5), Type::INT2),
            (Datum::Int(1), Type::BOOL),
            (Datum::Int(4_294_967_295), Type::INT8),
            (Datum::Int(0xC000_0201), Type::INET),
            (Datum::Text("2001:db8::1".into()), Type::INET),
            (Datum::Text("{\"a\": \"ü\"}".into()), Type::JSON),
            (Datum::Text("x".into()), Type::VARCHAR),
            (Datum::Real(0.85), Type::FLOAT8),
            (Datum::Bytes(vec![0, 255]), Type::BYTEA),
        ] {
            assert_eq!(there_and_back(&datum, &kind).as_ref(), Some(&datum), "{kind}");
        }
        for (datum, kind) in [
            (Datum::Int(70_000), Type::INT2),
            (Datum::Int(-1), Type::INET),
            (Datum::Text("x".into()), Type::INT8),
        ] {
            assert_eq!(there_and_back(&datum, &kind), None, "{kind}");
        }
    }
}
