//! Conversions from `f32` to `f64` and back that keep every bit. A cast may turn a signalling NaN into a quiet one.

/// The `f64` with the same value or, for a NaN, with the same sign and leading bits.
#[inline]
pub(super) fn widened(value: f32) -> f64 {
    if !value.is_nan() {
        return f64::from(value);
    }
    let bits = u64::from(value.to_bits());
    f64::from_bits((bits >> 31) << 63 | f64::INFINITY.to_bits() | (bits & 0x7f_ffff) << 29)
}

/// The `f32` that was widened to this `f64`. For any other `f64`, the closest `f32`; for a NaN, a NaN.
#[inline]
pub(super) fn narrowed(value: f64) -> f32 {
    if !value.is_nan() {
        return value as f32;
    }
    let bits = value.to_bits();
    let sign = ((bits >> 63) as u32) << 31;
    let payload = (bits >> 29) as u32 & 0x7f_ffff;
    // Without a set bit it would be an infinity.
    let payload = if payload == 0 { 0x40_0000 } else { payload };
    f32::from_bits(sign | f32::INFINITY.to_bits() | payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_of_a_nan_comes_back() {
        for bits in [0x7f80_0001, 0xff80_0001, 0x7fc0_0000, 0xffc0_0000, 0x7fff_ffff, 0xffff_ffff, 0x7fa5_5aa5_u32] {
            let wide = widened(f32::from_bits(bits));
            assert!(wide.is_nan() && narrowed(wide).to_bits() == bits, "{bits:x}");
        }
        assert_eq!(widened(f32::NAN).to_bits(), f64::NAN.to_bits());
        assert!(narrowed(f64::from_bits(0x7ff0_0000_0000_0001)).is_nan());
    }

    #[test]
    fn numbers_stay_as_they_are() {
        for value in [0.0, -0.0, 1.5, f32::MIN_POSITIVE, 1e-45, f32::MAX, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(widened(value).to_bits(), f64::from(value).to_bits());
            assert_eq!(narrowed(widened(value)).to_bits(), value.to_bits());
        }
    }
}
