//! Sums that do not depend on the order of the numbers.

/// The type of a sum.
pub trait Number: Copy + Send + 'static {
    /// The sum of these integers and floats. One of the two kinds is always empty.
    #[doc(hidden)]
    fn of(sum: &Sum) -> Self;
}

impl Number for i128 {
    fn of(sum: &Sum) -> Self {
        sum.integers
    }
}

impl Number for f64 {
    fn of(sum: &Sum) -> Self {
        sum.floats.total()
    }
}

/// A sum that is being computed.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Sum {
    integers: i128,
    floats: Exact,
}

impl Sum {
    pub(crate) fn add_integer(&mut self, number: i128) {
        // It would take more rows than there can be to reach the limit.
        self.integers = self.integers.saturating_add(number);
    }

    pub(crate) fn add_float(&mut self, number: f64) {
        self.floats.add(number);
    }
}

/// The bits of a digit of an exact sum.
const DIGIT: u32 = 32;
/// Enough digits for the range from the least to the greatest float, and for the sum of more of these than there can be.
const DIGITS: usize = 70;
/// The exponent of the least float: each float is an integer times two to this power.
const LEAST: i32 = -1074;

/// An exact sum of floats. It is a number of a few thousand bits, whose digits may be too large or negative for a while.
///
/// Each float is added at its place in the number, so nothing is rounded before the end, and the order makes no difference.
#[derive(Clone, Debug)]
struct Exact {
    digits: Box<[i64; DIGITS]>,
    /// How many more floats can be added before the digits have to be carried.
    until_carry: u32,
    /// The sum of the NaNs and infinities.
    special: f64,
    /// Whether a positive zero, or anything other than a zero, was added.
    positive: bool,
    negative_zero: bool,
}

impl Default for Exact {
    fn default() -> Self {
        Self {
            digits: Box::new([0; DIGITS]),
            until_carry: 1 << 30,
            special: 0.0,
            positive: false,
            negative_zero: false,
        }
    }
}

impl Exact {
    fn add(&mut self, number: f64) {
        if !number.is_finite() {
            self.special += number;
            return;
        }
        if number == 0.0 && number.is_sign_negative() {
            self.negative_zero = true;
            return;
        }
        self.positive = true;
        let bits = number.to_bits();
        let exponent = (bits >> 52 & 0x7ff) as u32;
        let fraction = bits & ((1 << 52) - 1);
        // The position of the lowest bit, counted from the least float.
        let (mantissa, shift) = if exponent == 0 { (fraction, 0) } else { (fraction | 1 << 52, exponent - 1) };
        let (digit, within) = ((shift / DIGIT) as usize, shift % DIGIT);
        let spread = u128::from(mantissa) << within;
        for (offset, place) in self.digits[digit..].iter_mut().take(3).enumerate() {
            let part = (spread >> (DIGIT as usize * offset)) as u32;
            *place += if number < 0.0 { -i64::from(part) } else { i64::from(part) };
        }
        self.until_carry -= 1;
        if self.until_carry == 0 {
            self.carry();
        }
    }

    /// Brings all digits except the highest into their range.
    fn carry(&mut self) {
        let mut carried = 0;
        let (last, lower) =
            self.digits.split_last_mut().map_or((None, &mut [][..]), |(last, lower)| (Some(last), lower));
        for digit in lower {
            let value = *digit + carried;
            *digit = value & 0xffff_ffff;
            carried = value >> DIGIT;
        }
        if let Some(last) = last {
            *last += carried;
        }
        self.until_carry = 1 << 30;
    }

    /// The float nearest to the sum; on a tie, the even one.
    fn total(&self) -> f64 {
        if self.special != 0.0 {
            return self.special;
        }
        let mut sum = self.clone();
        sum.carry();
        let negative = sum.digits[DIGITS - 1] < 0;
        if negative {
            sum.digits.iter_mut().for_each(|digit| *digit = -*digit);
            sum.carry();
        }
        let Some(highest) = sum.digits.iter().rposition(|digit| *digit != 0) else {
            return if self.negative_zero && !self.positive { -0.0 } else { 0.0 };
        };
        // The highest 96 bits or more, and whether any bit below them is set.
        let from = highest.saturating_sub(3);
        let top = sum.digits[from..=highest].iter().rev().fold(0_u128, |top, digit| (top << DIGIT) | *digit as u128);
        let rest = sum.digits[..from].iter().any(|digit| *digit != 0);
        let magnitude = rounded(top, rest, LEAST + (from as u32 * DIGIT) as i32);
        if negative { -magnitude } else { magnitude }
    }
}

/// The float nearest to `top` times two to the power of `exponent`. `rest` says whether more follows below `top`.
fn rounded(top: u128, rest: bool, exponent: i32) -> f64 {
    let bits = 128 - top.leading_zeros() as i32;
    // Floats have 53 bits and the small ones fewer; none has bits below those of the least float.
    let dropped = (bits - 53).max(LEAST - exponent).max(0);
    let (kept, below) = if dropped == 0 { (top, 0) } else { (top >> dropped, top & ((1 << dropped) - 1)) };
    let half = if dropped == 0 { 0 } else { 1_u128 << (dropped - 1) };
    let up = dropped > 0 && (below > half || below == half && (rest || kept & 1 == 1));
    let kept = kept + u128::from(up);
    // Exact, with at most 53 bits or a power of two. There are two factors because one alone may not be a float.
    let power = exponent + dropped;
    let (first, second) = (power / 2, power - power / 2);
    kept as f64 * 2_f64.powi(first) * 2_f64.powi(second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sum(numbers: &[f64]) -> f64 {
        let mut sum = Exact::default();
        numbers.iter().for_each(|number| sum.add(*number));
        sum.total()
    }

    #[test]
    fn sums_are_rounded_once() {
        assert_eq!(sum(&[0.1; 10]), 1.0);
        assert_eq!(sum(&[1e308, 1e308, -1e308, -1e308, 1.0]), 1.0);
        assert_eq!(sum(&[1.0, 1e-300, -1.0]), 1e-300);
        assert_eq!(sum(&[f64::MAX, f64::MAX]), f64::INFINITY);
        assert_eq!(sum(&[f64::from_bits(1), f64::from_bits(1)]), f64::from_bits(2));
        // A tie goes to the even float, unless there is a little more.
        let half = f64::EPSILON / 2.0;
        assert_eq!(sum(&[1.0, half]), 1.0);
        assert_eq!(sum(&[1.0, half, f64::from_bits(1)]), 1.0 + f64::EPSILON);
        assert_eq!(sum(&[-1.0, -half, -f64::from_bits(1)]), -1.0 - f64::EPSILON);
    }

    #[test]
    fn digits_are_carried_before_there_is_no_room_for_more() {
        let mut sum = Exact { until_carry: 2, ..Exact::default() };
        sum.add(1.5);
        sum.add(f64::MAX);
        assert_eq!(sum.until_carry, 1 << 30, "the digits were carried");
        sum.add(-f64::MAX);
        assert_eq!((sum.until_carry, sum.total()), ((1 << 30) - 1, 1.5));
    }

    #[test]
    fn what_is_no_number_stays_so() {
        assert!(sum(&[f64::NAN, 1.0]).is_nan());
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert_eq!(sum(&[f64::INFINITY, -1e308]), f64::INFINITY);
        assert!(sum(&[-0.0, -0.0]).is_sign_negative() && sum(&[-0.0, 0.0]).is_sign_positive());
        assert!(sum(&[]).is_sign_positive() && sum(&[1.0, -1.0]).is_sign_positive());
    }

    proptest! {
        #[test]
        fn one_number_is_its_own_sum(number in any::<f64>()) {
            let total = sum(&[number]);
            prop_assert!(total == number || number.is_nan() && total.is_nan(), "{} {}", number, total);
        }

        #[test]
        fn two_numbers_sum_as_the_processor_does(a in any::<f64>(), b in any::<f64>()) {
            let (total, expected) = (sum(&[a, b]), a + b);
            prop_assert!(total == expected || expected.is_nan() && total.is_nan(), "{} {}", expected, total);
        }

        #[test]
        fn the_order_makes_no_difference(mut numbers in proptest::collection::vec(any::<f64>(), 0..40)) {
            let total = sum(&numbers);
            numbers.sort_by(f64::total_cmp);
            prop_assert_eq!(total.to_bits() & (u64::MAX >> 1), sum(&numbers).to_bits() & (u64::MAX >> 1));
        }

        #[test]
        fn integers_are_exact(numbers in proptest::collection::vec(-(1_i64 << 53)..1 << 53, 0..200)) {
            let expected = numbers.iter().map(|number| i128::from(*number)).sum::<i128>() as f64;
            let numbers: Vec<_> = numbers.iter().map(|number| *number as f64).collect();
            prop_assert_eq!(sum(&numbers), expected);
        }
    }
}
