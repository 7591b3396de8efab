//! Earlier copies of an account: what the library has discarded since is in one
//! of them.

use vodozemac::Curve25519PublicKey;
use vodozemac::olm::{
    Account, AccountPickle, InboundCreationResult, PreKeyMessage, SessionConfig,
    SessionCreationError,
};

/// Copies of an account, the oldest first.
#[derive(Default)]
pub(super) struct Copies(Vec<Account>);

impl Copies {
    pub(super) fn push(&mut self, copy: Account) {
        self.0.push(copy);
    }

    /// Forgets the oldest, if there is one.
    pub(super) fn forget_oldest(&mut self) -> Option<Account> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Accepts the session that a message opens on a key of some copy.
    pub(super) fn accept_session(
        &mut self,
        theirs: Curve25519PublicKey,
        message: &PreKeyMessage,
    ) -> Result<InboundCreationResult, SessionCreationError> {
        let key = message.session_keys().one_time_key;
        let mut accepted = Err(SessionCreationError::MissingOneTimeKey(key));
        for copy in &mut self.0 {
            let config = SessionConfig::version_1();
            accepted = copy.create_inbound_session(config, theirs, message);
            if !matches!(accepted, Err(SessionCreationError::MissingOneTimeKey(_))) {
                break;
            }
        }
        accepted
    }

    pub(super) fn pickle(&self) -> Vec<AccountPickle> {
        self.0.iter().map(Account::pickle).collect()
    }

    pub(super) fn from_pickle(copies: Vec<AccountPickle>) -> Self {
        Self(copies.into_iter().map(Account::from_pickle).collect())
    }
}
