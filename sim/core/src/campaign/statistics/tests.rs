//! The statistics against values that others have published or that follow in
//! closed form.

use super::*;

#[track_caller]
fn near(found: f64, expected: f64, within: f64) {
    assert!(
        (found - expected).abs() <= within,
        "{found} is not {expected}"
    );
}

/// Without any hit the bound is 1 - (1 - confidence)^(1/n): nearly 3/n, the
/// "rule of three" (Hanley and Lippman-Hand, JAMA 1983).
#[test]
fn no_hit_at_all() {
    near(upper_bound(0, 300, 0.95), 0.009_936, 1e-6);
    for of in [1, 10, 59, 300, 10_000, 1_000_000] {
        let closed = 1.0 - 0.05_f64.powf(1.0 / of as f64);
        near(upper_bound(0, of, 0.95), closed, 1e-9 + closed * 1e-6);
    }
    // 59 without a hit are the fewest that show less than 5 % (Wilks 1941).
    assert!(upper_bound(0, 59, 0.95) < 0.05 && upper_bound(0, 58, 0.95) > 0.05);
}

/// Two-sided intervals are two one-sided bounds of half the error each.
#[test]
fn published_intervals() {
    let interval = |count, of| (lower_bound(count, of, 0.975), upper_bound(count, of, 0.975));
    // 4 of 20, a textbook example (SAS and R's binom.test agree).
    let (low, high) = interval(4, 20);
    near(low, 0.0573, 5e-5);
    near(high, 0.4366, 5e-5);
    // Newcombe, Statistics in Medicine 17 (1998), table I, method 5.
    for (count, of, low, high) in [
        (81, 263, 0.2527, 0.3676),
        (15, 148, 0.0578, 0.1617),
        (0, 20, 0.0, 0.1684),
        (1, 29, 0.0009, 0.1776),
    ] {
        let found = interval(count, of);
        near(found.0, low, 5e-5);
        near(found.1, high, 5e-5);
    }
}

#[test]
fn nothing_counted_bounds_nothing() {
    near(upper_bound(0, 0, 0.95), 1.0, 0.0);
    near(upper_bound(7, 7, 0.95), 1.0, 0.0);
    near(lower_bound(0, 7, 0.95), 0.0, 0.0);
    near(lower_bound(7, 7, 0.95), 0.05_f64.powf(1.0 / 7.0), 1e-9);
}

/// The bound is the rate at which so few hits have a chance of exactly 5 %.
#[test]
fn a_bound_of_many_runs_is_what_it_says() {
    for (count, of) in [(3, 1_000), (500, 1_000_000), (250_000, 1_000_000)] {
        let bound = upper_bound(count, of, 0.95);
        let so_few = Binomial::new(bound, of).unwrap().cdf(count);
        near(so_few, 0.05, 1e-6);
    }
}

#[test]
fn exact_mcnemar() {
    // 2 (C(10,0) + C(10,1)) / 2^10
    near(mcnemar(1, 9), 22.0 / 1024.0, 1e-12);
    near(mcnemar(9, 1), 0.0215, 5e-5);
    near(mcnemar(5, 15), 0.0414, 5e-5);
    near(mcnemar(0, 0), 1.0, 0.0);
    near(mcnemar(4, 4), 1.0, 0.0);
    near(mcnemar(0, 6), 2.0 / 64.0, 1e-12);
    // Too small for a number: told apart from nothing.
    near(mcnemar(0, 100_000), 0.0, 1e-299);
    assert!(mcnemar(0, 100_000) > 0.0);
}

#[test]
fn holm_by_the_textbook() {
    let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in corrected.into_iter().zip([0.03, 0.06, 0.06, 0.02]) {
        near(found, expected, 1e-12);
    }
    assert_eq!(holm(&[0.6, 0.7]), [1.0, 1.0]);
    assert_eq!(holm(&[]), [0.0; 0]);
}

#[test]
fn bounds_of_large_counts_come_to_an_end_and_are_right() {
    for of in [1_000_000, 8_000_000, 1_000_000_000, 1_000_000_000_000] {
        // With few hits among many, hits are as good as Poisson distributed, and
        // these are the bounds of its mean.
        let poisson = [2.995_732, 4.743_865, 6.295_794, 7.753_657];
        for (count, mean) in (0..).zip(poisson) {
            let bound = upper_bound(count, of, 0.95) * of as f64;
            // The library's logarithms of factorials are good to this much.
            assert!(
                (bound / mean - 1.0).abs() < 1e-3,
                "{count} of {of}: {bound}"
            );
        }
        assert!(upper_bound(of - 1, of, 0.95) <= 1.0);
    }
}
