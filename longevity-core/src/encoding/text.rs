//! The text of values that JSON has no form for: floats that are not finite, the largest integers, and bytes.

use std::fmt::Write;

/// `f32` and `f64`, whose texts differ in the length of their NaNs.
pub(super) trait Float: Copy {
    /// The text of a float that is not finite.
    fn text(self) -> String;

    /// The float with this text.
    fn parse(text: &str) -> Option<Self>;
}

macro_rules! float {
    ($($float:ident, $bits:ident, $digits:literal;)*) => {$(
        impl Float for $float {
            fn text(self) -> String {
                if self == $float::INFINITY {
                    "inf".to_owned()
                } else if self == $float::NEG_INFINITY {
                    "-inf".to_owned()
                } else if self.to_bits() == $float::NAN.to_bits() {
                    "NaN".to_owned()
                } else {
                    format!(concat!("NaN:{:0", $digits, "x}"), self.to_bits())
                }
            }

            fn parse(text: &str) -> Option<Self> {
                match text {
                    "inf" => Some($float::INFINITY),
                    "-inf" => Some($float::NEG_INFINITY),
                    "NaN" => Some($float::NAN),
                    _ => {
                        let digits = text.strip_prefix("NaN:").filter(|digits| digits.len() == $digits)?;
                        let digits = Some(digits).filter(|digits| digits.bytes().all(|byte| nibble(byte).is_some()))?;
                        let float = $float::from_bits($bits::from_str_radix(digits, 16).ok()?);
                        float.is_nan().then_some(float)
                    }
                }
            }
        }
    )*};
}

float! {
    f32, u32, 8;
    f64, u64, 16;
}

/// The text of an integer above `i64::MAX`. All such texts have twenty digits, so that they sort.
pub(super) fn of_unsigned(value: u64) -> String {
    format!("{value:020}")
}

/// The integer with this text.
pub(super) fn parse_unsigned(text: &str) -> Option<u64> {
    let digits = text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Lower-case hexadecimal digits, which sort as the bytes do.
pub(super) fn of_bytes(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The bytes with this text.
pub(super) fn parse_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

/// Refuses upper case, so that a value has one text only.
fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_floats_are_those_of_their_bits() {
        for bits in [0x7ff8_0000_0000_0000, 0x7ff8_0000_0000_0001, 0xfff8_0000_0000_0000, 0x7ff0_0000_0000_0001_u64] {
            assert_eq!(f64::parse(&f64::from_bits(bits).text()).unwrap().to_bits(), bits);
        }
        assert_eq!(f64::from_bits(0x7ff8_0000_0000_0001).text(), "NaN:7ff8000000000001");
        assert_eq!(f32::from_bits(0xffc0_0000).text(), "NaN:ffc00000");
        assert_eq!((f64::NAN.text(), f32::NEG_INFINITY.text()), ("NaN".to_owned(), "-inf".to_owned()));
        for wrong in
            ["", "nan", "NaN:", "NaN:7ff8", "NaN:7ff0000000000000", "NaN:7FF8000000000001", "NaN:+ff8000000000001"]
        {
            assert!(f64::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn texts_of_integers_have_twenty_digits() {
        assert_eq!(of_unsigned(1 << 63), "09223372036854775808");
        assert_eq!(parse_unsigned("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "5", "18446744073709551616", "+0000000000000000005", "-0000000000000000005"] {
            assert_eq!(parse_unsigned(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts_of_bytes_are_lower_case() {
        assert_eq!(of_bytes(&[0, 0xca, 0xff]), "00caff");
        assert_eq!(parse_bytes("00caff"), Some(vec![0, 0xca, 0xff]));
        for wrong in ["0", "0g", "CA", "é"] {
            assert_eq!(parse_bytes(wrong), None, "{wrong}");
        }
    }
}
