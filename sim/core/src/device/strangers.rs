//! Messages from people outside the cast: each costs a key, and that is all
//! that is of interest in it.

use super::Device;
use crate::crypto::Crypto;
use crate::name::MessageId;
use crate::node::Cx;
use crate::trace::Fact;
use crate::wire::Encrypted;

impl<C: Crypto> Device<C> {
    /// Accepts the session that the message opens, as from anybody. Nothing
    /// will ever come over it again, so it is not kept.
    pub(super) fn receive_from_stranger(
        &mut self,
        message: MessageId,
        outside: &Encrypted<C>,
        cx: &mut Cx<'_, Self>,
    ) {
        let by = self.id;
        let fact = match self.accept_session(outside, cx) {
            Ok(_) => Fact::OlmDecrypted { by, message },
            Err(error) => Fact::OlmFailed {
                by,
                message,
                session: outside.session,
                key: outside.key,
                error,
            },
        };
        cx.observe(fact);
    }
}
