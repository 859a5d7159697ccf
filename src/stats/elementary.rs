//! Logarithms and exponentials of many values side by side, to the last two bits or so: where thousands of them are asked for
//! at a time, those of the C library, one after the other, are what an analysis waits for.

use crate::stats::lanes::{Lanes, padded, widely};

/// Puts the natural logarithm in the place of each value.
///
/// ```
/// # use floodmark::stats::elementary::ln_each;
/// let mut values = [1.0, std::f64::consts::E, 0.0, -1.0];
/// ln_each(&mut values);
/// assert!(values[0] == 0.0 && (values[1] - 1.0).abs() < 1e-15 && values[2] == f64::NEG_INFINITY && values[3].is_nan());
/// ```
pub fn ln_each(values: &mut [f64]) {
    each(values, |v| (f64::MIN_POSITIVE..f64::INFINITY).contains(&v), ln, f64::ln);
}

/// Puts e to its power in the place of each value.
///
/// ```
/// # use floodmark::stats::elementary::exp_each;
/// let mut values = [0.0, 1.0, -1e9, f64::INFINITY];
/// exp_each(&mut values);
/// assert!(values[0] == 1.0 && (values[1] - std::f64::consts::E).abs() < 1e-15 && values[2..] == [0.0, f64::INFINITY]);
/// ```
pub fn exp_each(values: &mut [f64]) {
    each(values, |v| v.abs() < 700.0, exp, f64::exp);
}

/// By `quick` where values are `ordinary`, by `exact` elsewhere, eight at a time.
#[inline(always)]
fn each(values: &mut [f64], ordinary: impl Fn(f64) -> bool, quick: impl Fn(f64) -> f64, exact: impl Fn(f64) -> f64) {
    widely(
        #[inline(always)]
        || {
            let (parts, rest) = values.as_chunks_mut();
            for part in parts {
                eight(part, &ordinary, &quick, &exact);
            }
            if !rest.is_empty() {
                // 1 is ordinary to both.
                let mut last = padded(rest, 1.0);
                eight(&mut last, &ordinary, &quick, &exact);
                rest.copy_from_slice(&last[..rest.len()]);
            }
        },
    );
}

#[inline(always)]
fn eight(
    values: &mut Lanes,
    ordinary: &impl Fn(f64) -> bool,
    quick: &impl Fn(f64) -> f64,
    exact: &impl Fn(f64) -> f64,
) {
    let (mut found, mut strange) = (*values, 0u64);
    for value in &mut found {
        strange |= if ordinary(*value) { 0 } else { 1 };
        *value = quick(*value);
    }
    *values = if strange == 0 { found } else { values.map(exact) };
}

/// Of a positive number that has all its bits: its power of two, and 2 artanh((m − 1) ÷ (m + 1)) of the rest m, within √½ and √2.
#[inline(always)]
fn ln(value: f64) -> f64 {
    const ROOT: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const BIAS: i32 = 1023;
    let bits = value.to_bits();
    let power = (bits.wrapping_sub(ROOT).wrapping_add((BIAS as u64) << 52) >> 52) as i32 - BIAS;
    let rest = f64::from_bits(bits.wrapping_sub((power as i64 as u64) << 52));
    let s = (rest - 1.0) / (rest + 1.0);
    let q = s * s;
    // In pairs: the next product need not wait for the last sum.
    let (qq, qqqq) = (q * q, q * q * (q * q));
    let low = (1.0 / 3.0 + q * (1.0 / 5.0)) + qq * (1.0 / 7.0 + q * (1.0 / 9.0));
    let middle = (1.0 / 11.0 + q * (1.0 / 13.0)) + qq * (1.0 / 15.0 + q * (1.0 / 17.0));
    let series = q * (low + qqqq * (middle + qqqq * (1.0 / 19.0)));
    let power = f64::from(power);
    // The logarithm of 2 in two parts, the first with so few bits that its products are exact.
    power * LN_2_HIGH + (2.0 * s + (2.0 * s * series + power * LN_2_LOW))
}

const LN_2_HIGH: f64 = 0.693_147_180_369_123_8;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Of a number within ±700: a power of two, and the series of the rest, within ±½ ln 2.
#[inline(always)]
fn exp(value: f64) -> f64 {
    // Added to a number, it leaves the nearest whole one in the last bits.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let shifted = value * std::f64::consts::LOG2_E + WHOLE;
    let power = shifted - WHOLE;
    let rest = (value - power * LN_2_HIGH) - power * LN_2_LOW;
    let (rr, rrrr) = (rest * rest, rest * rest * (rest * rest));
    let low = (1.0 / 6.0 + rest * (1.0 / 24.0)) + rr * (1.0 / 120.0 + rest * (1.0 / 720.0));
    let middle = (1.0 / 5_040.0 + rest * (1.0 / 40_320.0)) + rr * (1.0 / 362_880.0 + rest * (1.0 / 3_628_800.0));
    let high = 1.0 / 39_916_800.0 + rest * (1.0 / 479_001_600.0) + rr * (1.0 / 6_227_020_800.0);
    let series = low + rrrr * (middle + rrrr * high);
    let grown = 1.0 + (rest + rest * rest * (0.5 + rest * series));
    f64::from_bits(grown.to_bits().wrapping_add(shifted.to_bits() << 52))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(of: fn(&mut [f64]), value: f64) -> f64 {
        let mut values = [value];
        of(&mut values);
        values[0]
    }

    proptest! {
        #[test]
        fn logarithms_are_those_of_the_standard_library(value in prop_oneof![0.5..2.0f64, 1e-300..1e300f64, 1e-9..1e9f64]) {
            let (ours, exact) = (one(ln_each, value), value.ln());
            prop_assert!((ours - exact).abs() <= 4e-16 * exact.abs().max(0.01), "{ours} {exact}");
        }

        #[test]
        fn exponentials_are_those_of_the_standard_library(value in prop_oneof![-1.0..1.0f64, -800.0..800.0f64]) {
            let (ours, exact) = (one(exp_each, value), value.exp());
            prop_assert!(ours == exact || (ours / exact - 1.0).abs() <= 5e-16, "{ours} {exact}");
        }

        #[test]
        fn every_place_of_a_slice_is_worked_on(values in prop::collection::vec(-5.0..5.0f64, 0..40)) {
            let mut all = values.clone();
            exp_each(&mut all);
            prop_assert!(all.iter().zip(&values).all(|(all, value)| *all == one(exp_each, *value)));
        }
    }

    #[test]
    fn what_is_not_ordinary_is_left_to_the_standard_library() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 5e-324, -3.0, 709.5, -745.0] {
            assert_eq!(one(ln_each, value).to_bits(), value.ln().to_bits());
            assert_eq!(one(exp_each, value).to_bits(), value.exp().to_bits(), "{value}");
        }
    }
}
