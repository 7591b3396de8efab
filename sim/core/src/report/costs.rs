//! What each proposal costs, as a table beside what `base` costs.

use serde::Serialize;

use crate::costs::Total;
use crate::time::Span;

/// What the runs under one proposal cost.
#[derive(Clone, Debug, Serialize)]
pub struct Cost {
    /// Its name.
    pub proposal: String,
    /// What they cost.
    #[serde(flatten)]
    pub total: Total,
}

/// What the figures mean, for whoever reads them.
pub(super) const ABOUT: &str = "Each figure is of the same runs under every proposal; in brackets, how much \
    more or less that is than under base. A session that is set up on a fallback key can be read by whoever \
    takes the device as long as that holds the private key. An exposed key is a private key (one-time or \
    fallback) whose public half was handed out: it lies open from the first time until it is used up or \
    destroyed, or to the end of the run; the table has the longest of each run on average, and of all runs. \
    Times are of the simulated world. Requests and bytes are of an average run; bytes are by a model of \
    typical sizes, and polls that tell nothing new are left out. Healing is the time from the end of all \
    faults until the last message was read that could be read without anybody's saying anything more, on \
    average over the runs in which there was one, and the longest.";

const HEADS: [&str; 8] = [
    "proposal",
    "sessions on a fallback key",
    "life of an exposed key (average, longest)",
    "one-time keys on a server (most of one device)",
    "private one-time keys on a device (most)",
    "client requests, bytes",
    "federation requests, bytes",
    "healing (average, longest)",
];

/// A row for each proposal, after a row of heads.
#[must_use]
pub fn cost_table<'a>(costs: impl IntoIterator<Item = (String, &'a Total)>) -> Vec<Vec<String>> {
    let costs: Vec<(String, &Total)> = costs.into_iter().collect();
    let base = costs.iter().find(|(name, _)| name == "base");
    let base = base.map(|(_, total)| **total);
    let mut rows = vec![HEADS.map(str::to_owned).to_vec()];
    for (name, total) in costs {
        let base = base.filter(|_| name != "base");
        rows.push(row(&name, total, base.as_ref()));
    }
    rows
}

fn row(name: &str, it: &Total, base: Option<&Total>) -> Vec<String> {
    let per_run = |sum: u64, of: fn(&Total) -> u64, say: fn(f64) -> String| {
        let here = ratio(sum, it.runs);
        let there = base.map(|base| ratio(of(base), base.runs));
        format!("{}{}", say(here), change(here, there))
    };
    let flow = |requests: [u64; 2], of: [fn(&Total) -> u64; 2]| {
        let [count, bytes] = requests;
        let count = per_run(count, of[0], |it| format!("{it:.0}"));
        format!("{count}, {}", per_run(bytes, of[1], say_bytes))
    };
    let healing = match it.healed {
        0 => "nothing to heal".to_owned(),
        healed => format!(
            "{}, {}",
            say_time(ratio(it.healing_ms, healed)),
            say_time(it.longest_healing_ms as f64)
        ),
    };
    vec![
        name.to_owned(),
        format!("{:.2} %", 100.0 * ratio(it.on_fallback_keys, it.sessions)),
        format!(
            "{}, {}",
            say_time(ratio(it.exposure_ms, it.runs)),
            say_time(it.longest_exposure_ms as f64)
        ),
        it.most_on_server.to_string(),
        it.most_on_device.to_string(),
        flow(
            [it.client_requests, it.client_bytes],
            [|it| it.client_requests, |it| it.client_bytes],
        ),
        flow(
            [it.federation_requests, it.federation_bytes],
            [|it| it.federation_requests, |it| it.federation_bytes],
        ),
        healing,
    ]
}

fn ratio(of: u64, all: u64) -> f64 {
    of as f64 / all.max(1) as f64
}

/// ` (+3.1 %)`, where there is anything to compare with and to say.
fn change(here: f64, there: Option<f64>) -> String {
    let there = there.filter(|there| *there > 0.0);
    let percent = there.map(|there| 100.0 * (here / there - 1.0));
    let percent = percent.filter(|percent| percent.abs() >= 0.05);
    percent.map_or_else(String::new, |percent| format!(" ({percent:+.1} %)"))
}

fn say_bytes(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e6 => format!("{:.2} MB", bytes / 1e6),
        bytes => format!("{:.1} kB", bytes / 1e3),
    }
}

/// To two units at the most: nobody needs the milliseconds of a week.
fn say_time(ms: f64) -> String {
    let ms = ms.round() as u64;
    let unit = match ms {
        0..60_000 => 100,
        60_000..3_600_000 => 1000,
        3_600_000..86_400_000 => 60_000,
        _ => 3_600_000,
    };
    Span::millis(ms / unit * unit).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proposal_costs_stands_beside_what_base_costs() {
        let base = Total {
            runs: 10,
            sessions: 200,
            on_fallback_keys: 5,
            longest_exposure_ms: 90_061_007,
            exposure_ms: 600_000,
            most_on_server: 50,
            most_on_device: 61,
            client_requests: 1000,
            client_bytes: 20_000_000,
            federation_requests: 100,
            federation_bytes: 30_000,
            ..Total::default()
        };
        let other = Total {
            client_requests: 1031,
            federation_bytes: 27_000,
            healed: 2,
            healing_ms: 9000,
            longest_healing_ms: 8000,
            ..base
        };
        let rows = cost_table([("mine".to_owned(), &other), ("base".to_owned(), &base)]);
        assert_eq!(rows.len(), 3);
        let [heads, mine, base] = [0, 1, 2].map(|place| &rows[place]);
        assert_eq!(heads.len(), mine.len());
        assert_eq!(
            base[1..],
            [
                "2.50 %",
                "1m, 1d1h",
                "50",
                "61",
                "100, 2.00 MB",
                "10, 3.0 kB",
                "nothing to heal"
            ]
        );
        assert_eq!(mine[5], "103 (+3.1 %), 2.00 MB");
        assert_eq!(mine[6], "10, 2.7 kB (-10.0 %)");
        assert_eq!(mine[7], "4s500ms, 8s");
    }
}
