//! Claims on another server's devices, and leaving that server alone after
//! a failure (BS §2.5, §8.4).

use std::collections::BTreeSet;

use super::driver::peer::Peer;
use super::driver::{BOB, CAROL, ELSEWHERE, THERE};
use super::{A_MOMENT, Claimed, Server, Upload, server};
use unwedge_core::time::Span;
use unwedge_core::trace::{Fact, RemoteFailure};
use unwedge_core::wire::{FederationRequest, FederationResponse, RequestId};

const A_SECOND: Span = Span::secs(1);

fn failed() -> Claimed {
    Claimed {
        keys: vec![],
        failures: vec![THERE],
    }
}

/// Claims a key of Carol's device, which her server is asked for.
fn claim_of_carol(server: &mut Server) -> (RequestId, RequestId) {
    let claim = server.ask_to_claim(&[CAROL]);
    let (request, asked) = server.asked().expect("the other server is asked");
    assert!(matches!(asked, FederationRequest::Claim { devices, .. } if devices == [CAROL]));
    (claim, request)
}

/// A server that has just given up on a claim.
fn backing_off() -> Server {
    let mut server = server();
    let (claim, _) = claim_of_carol(&mut server);
    server.wait(Span::secs(10) + A_MOMENT);
    assert_eq!(server.claimed(claim), Some(failed()));
    server
}

/// Claims, and sees that the other server is not even asked.
fn assert_backs_off(server: &mut Server) {
    server.facts();
    let claim = server.ask_to_claim(&[CAROL]);
    assert_eq!(server.claimed(claim), Some(failed()), "failed at once");
    assert!(server.asked().is_none());
    let backed_off = |fact: &Fact| {
        let why = RemoteFailure::BackedOff;
        matches!(fact, Fact::RemoteFailed { peer: THERE, why: it, .. } if *it == why)
    };
    assert!(server.facts().iter().any(backed_off));
}

#[test]
fn another_servers_keys_are_passed_on_when_it_answers() {
    let (mut server, mut carol) = (server(), Peer::new(CAROL));
    let (claim, request) = claim_of_carol(&mut server);
    let key = carol.one_time_key();
    server.answer_from_there(request, FederationResponse::Claim(vec![key.clone()]));
    let expected = Claimed {
        keys: vec![key.name],
        failures: vec![],
    };
    assert_eq!(server.claimed(claim), Some(expected));
}

#[test]
fn a_server_that_does_not_answer_is_a_failure_after_ten_seconds_and_was_asked_once() {
    let mut server = server();
    let (claim, _) = claim_of_carol(&mut server);
    server.wait(Span::millis(9_900));
    assert_eq!(server.claimed(claim), None, "it is still waited for");
    server.wait(Span::millis(200));
    assert_eq!(server.claimed(claim), Some(failed()));
    server.wait(Span::hours(1));
    assert!(server.asked().is_none(), "a claim is not retried");
}

#[test]
fn an_answer_that_comes_too_late_changes_nothing() {
    let mut server = server();
    let (claim, request) = claim_of_carol(&mut server);
    server.wait(Span::secs(10) + A_MOMENT);
    assert_eq!(server.claimed(claim), Some(failed()));
    let keys = Peer::new(CAROL).one_time_keys(1);
    server.answer_from_there(request, FederationResponse::Claim(keys));
    assert_eq!(server.claimed(claim), None);
    assert_backs_off(&mut server);
}

#[test]
fn keys_of_its_own_devices_are_issued_beside_another_servers_failure() {
    let (mut server, mut bob) = (backing_off(), Peer::new(BOB));
    let key = bob.one_time_key();
    let upload = Upload {
        one_time_keys: vec![key.clone()],
        ..Upload::default()
    };
    server.upload(BOB, upload).unwrap();
    let expected = Claimed {
        keys: vec![key.name],
        failures: vec![THERE],
    };
    assert_eq!(server.claim(&[BOB, CAROL]), expected);
}

#[test]
fn for_ten_minutes_after_a_failure_claims_fail_at_once_without_asking() {
    let mut server = backing_off();
    assert_backs_off(&mut server);
    server.wait(Span::secs(599));
    assert_backs_off(&mut server);
    server.wait(A_SECOND);
    claim_of_carol(&mut server);
}

#[test]
fn a_back_off_survives_a_restart() {
    let mut server = backing_off();
    server.wait(Span::mins(4));
    server.restart();
    assert_backs_off(&mut server);
    server.wait(Span::secs(359));
    assert_backs_off(&mut server);
    server.wait(A_SECOND);
    claim_of_carol(&mut server);
}

#[test]
fn a_request_from_the_other_server_ends_a_back_off() {
    let mut server = backing_off();
    server.ask_from(THERE, FederationRequest::Version);
    let (claim, _) = claim_of_carol(&mut server);
    // The next failure is a first one again.
    server.wait(Span::secs(10) + A_MOMENT);
    assert_eq!(server.claimed(claim), Some(failed()));
    server.wait(Span::secs(599));
    assert_backs_off(&mut server);
    server.wait(A_SECOND);
    claim_of_carol(&mut server);
}

#[test]
fn a_request_from_a_third_server_ends_no_back_off() {
    let mut server = backing_off();
    server.ask_from(ELSEWHERE, FederationRequest::Version);
    assert_backs_off(&mut server);
}

#[test]
fn an_answer_ends_a_back_off_for_good() {
    let mut server = backing_off();
    server.wait(Span::mins(10));
    let (_, request) = claim_of_carol(&mut server);
    server.answer_from_there(request, FederationResponse::Claim(vec![]));
    let (claim, _) = claim_of_carol(&mut server);
    server.wait(Span::secs(10) + A_MOMENT);
    assert_eq!(server.claimed(claim), Some(failed()));
    server.wait(Span::mins(10));
    claim_of_carol(&mut server);
}

#[test]
fn each_back_off_is_longer_than_the_last_by_two_times_a_random_factor_up_to_a_week() {
    let mut server = backing_off();
    let minutes: Vec<u64> = (0..18)
        .map(|_| measure_back_off(&mut server) / Span::mins(1).ticks())
        .collect();
    assert_eq!(minutes[0], 10);
    let a_week = Span::days(7).ticks() / Span::mins(1).ticks();
    let (growing, longest): (Vec<u64>, Vec<u64>) =
        minutes.iter().partition(|minutes| **minutes < a_week);
    // In percent, and with some leave for how exact the measure is.
    let factors = growing.windows(2).map(|pair| pair[1] * 100 / pair[0]);
    let factors: BTreeSet<u64> = factors.collect();
    assert!(
        factors.iter().all(|it| (150..290).contains(it)),
        "{factors:?}"
    );
    // The measure alone spreads them by a few percent.
    let spread = factors.last().unwrap() - factors.first().unwrap();
    assert!(spread > 20, "the factor is random: {factors:?}");
    assert!(longest.len() > 1, "{minutes:?}");
    assert!(longest.iter().all(|it| *it < a_week * 102 / 100));
}

/// How many ticks the present back-off has to go, to about a hundredth. The
/// claim that finds it over fails in its turn, and the next back-off begins.
fn measure_back_off(server: &mut Server) -> u64 {
    let began = server.now();
    let elapsed = |server: &Server| server.now().since(began).ticks();
    while server.asked().is_none() {
        let step = Span::from_ticks(elapsed(server) / 200);
        server.wait(step + A_SECOND);
        server.ask_to_claim(&[CAROL]);
    }
    let measured = elapsed(server);
    server.wait(Span::secs(10) + A_MOMENT);
    measured
}
