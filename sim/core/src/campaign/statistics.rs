//! The statistics of a campaign: exact, because the counts that matter are
//! small, and with nothing assumed but that runs are independent.

use statrs::distribution::{Binomial, DiscreteCDF as _};
use statrs::function::beta::beta_reg;

/// Less than this is not told apart from it.
const SMALLEST: f64 = 1e-300;

/// So often an interval is halved until its ends are the same number.
const HALVINGS: usize = 200;

/// The greatest rate that `count` of `of` leaves possible: the one-sided upper
/// bound of Clopper and Pearson. Where nothing was counted, everything is.
#[must_use]
pub fn upper_bound(count: u64, of: u64, confidence: f64) -> f64 {
    if count >= of {
        return 1.0;
    }
    let (hits, misses) = (count as f64, (of - count) as f64);
    if count == 0 {
        return -f64::exp_m1(f64::ln_1p(-confidence) / misses);
    }
    // The inverse of the library does not come to an end for large counts of
    // runs. Halving does: the distribution grows with the rate.
    let (mut low, mut high) = (hits / (hits + misses), 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        match beta_reg(hits + 1.0, misses, middle) < confidence {
            true => low = middle,
            false => high = middle,
        }
    }
    high
}

/// The smallest rate that `count` of `of` leaves possible.
#[must_use]
pub fn lower_bound(count: u64, of: u64, confidence: f64) -> f64 {
    1.0 - upper_bound(of - count.min(of), of, confidence)
}

/// How likely pairs that differ are split at least as unevenly as `better` and
/// `worse` if neither is likelier: the exact two-sided test of McNemar.
#[must_use]
pub fn mcnemar(better: u64, worse: u64) -> f64 {
    let fair = Binomial::new(0.5, better + worse).expect("a half is a probability");
    let one_sided = fair.cdf(better.min(worse));
    (2.0 * one_sided).clamp(SMALLEST, 1.0)
}

/// The same probabilities, made greater for there being several: the
/// correction of Holm.
#[must_use]
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b]));
    let mut corrected = vec![1.0; probabilities.len()];
    let mut least: f64 = 0.0;
    for (rank, place) in order.iter().enumerate() {
        let left = (probabilities.len() - rank) as f64;
        least = least.max(left * probabilities[*place]).min(1.0);
        corrected[*place] = least;
    }
    corrected
}

#[cfg(test)]
mod tests;
