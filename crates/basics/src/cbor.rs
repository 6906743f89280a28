//! Deterministic encoding of facts.
//!
//! A fact is stored as the exact bytes that were hashed, so one value must have one
//! encoding: definite lengths, shortest integers, fields by number, no floating point.
//! `minicbor`'s derive gives just that for structs and enums made of integers, text,
//! bytes and sequences; the macros here add the newtypes of this crate.

use minicbor::{Decode, Encode};

/// The bytes of a value; the same value always gives the same bytes.
pub fn to_bytes<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::with_capacity(96);
    // Encoding into a Vec cannot fail: its error type is `Infallible`.
    match minicbor::encode(value, &mut out) {
        Ok(()) => out,
        Err(_) => Vec::new(),
    }
}

/// What can go wrong when stored bytes are read back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stored bytes cannot be read as {what}: {reason}")]
pub struct DecodeError {
    /// The type that was expected.
    pub what: &'static str,
    /// What the decoder said.
    pub reason: String,
}

/// Reads a value and refuses trailing bytes.
pub fn from_bytes<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let error = |reason: String| DecodeError { what: std::any::type_name::<T>(), reason };
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|e| error(e.to_string()))?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(error(format!("{} bytes are left over", bytes.len() - decoder.position())))
    }
}

/// Encodes a type as one integer: `as_int!(Type, i32, |v| v.0, Type::try_from_int)`.
#[macro_export]
macro_rules! cbor_as_int {
    ($type:ty, $int:ty, $get:expr, $make:expr) => {
        impl<C> minicbor::Encode<C> for $type {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                ctx: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                let get: fn(&$type) -> $int = $get;
                get(self).encode(e, ctx)
            }
        }
        impl<'b, C> minicbor::Decode<'b, C> for $type {
            fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
                let value = <$int as minicbor::Decode<'b, C>>::decode(d, ctx)?;
                let make: fn($int) -> Result<$type, String> = $make;
                make(value).map_err(minicbor::decode::Error::message)
            }
        }
    };
}

/// Encodes a type as text: `as_text!(Type, |v| v.to_string(), Type::parse)`.
#[macro_export]
macro_rules! cbor_as_text {
    ($type:ty, $get:expr, $make:expr) => {
        impl<C> minicbor::Encode<C> for $type {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                let get: fn(&$type) -> String = $get;
                e.str(&get(self))?.ok()
            }
        }
        impl<'b, C> minicbor::Decode<'b, C> for $type {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                $make(d.str()?).map_err(|e| minicbor::decode::Error::message(e.to_string()))
            }
        }
    };
}

pub use crate::{cbor_as_int as as_int, cbor_as_text as as_text};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Currency, Date, Id, Money};

    #[derive(Debug, PartialEq, Encode, Decode)]
    struct Sample {
        #[n(0)]
        id: Id,
        #[n(1)]
        amount: Money,
        #[n(2)]
        on: Date,
        #[n(3)]
        note: Option<String>,
    }

    #[test]
    fn one_value_has_one_encoding() {
        let sample = Sample {
            id: Id::from_u128(7),
            amount: Money::new(125_050, Currency::CNY),
            on: Date::ymd(2026, 3, 5).unwrap(),
            note: None,
        };
        let bytes = to_bytes(&sample);
        assert_eq!(from_bytes::<Sample>(&bytes).unwrap(), sample);
        assert_eq!(to_bytes(&from_bytes::<Sample>(&bytes).unwrap()), bytes);
        let mut longer = bytes.clone();
        longer.push(0);
        assert!(from_bytes::<Sample>(&longer).is_err());
        assert!(from_bytes::<Sample>(&bytes[..bytes.len() - 1]).is_err());
    }
}
