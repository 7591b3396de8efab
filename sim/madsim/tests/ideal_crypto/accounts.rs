//! Accounts in both implementations, and which private keys they hold.

use unwedge_core::cast::Client;
use unwedge_core::crypto::Crypto;
use unwedge_core::crypto::ideal::Ideal;
use unwedge_core::name::{KeyId, KeyKind};

use crate::lab::{Checked, Lab, Pickles, Two, V, same};
use crate::operation::Pick;
use crate::reached::What;

/// An account that is in use.
pub(crate) struct Account {
    pub(crate) two: Two<<V as Crypto>::Account, <Ideal as Crypto>::Account>,
    pub(crate) facts: Facts,
}

/// What the lab remembers of an account, to tell what was reached.
#[derive(Clone)]
pub(crate) struct Facts {
    pub(crate) device: usize,
    client: Client,
    /// The fallback keys that are held, the current one last.
    pub(crate) fallback: Vec<usize>,
    /// Fallback keys that opened a session.
    pub(crate) used: Vec<usize>,
}

/// An account as it was once.
pub(crate) struct KeptAccount {
    facts: Facts,
    pickle: Pickles,
}

/// A public key that somebody can claim.
pub(crate) struct PublicKey {
    pub(crate) two: Two<<V as Crypto>::PublicKey, <Ideal as Crypto>::PublicKey>,
    pub(crate) device: usize,
    pub(crate) kind: KeyKind,
}

impl Lab {
    pub(crate) fn add_account(&mut self, client: Client) -> Checked {
        let (mut v, device) = (V, self.devices.len());
        let two = Two {
            real: v.new_account(client),
            ideal: self.ideal.new_account(client),
        };
        self.devices.push(Two {
            real: v.identity(&two.real),
            ideal: self.ideal.identity(&two.ideal),
        });
        let facts = Facts {
            device,
            client,
            fallback: vec![],
            used: vec![],
        };
        self.accounts.push(Account { two, facts });
        self.check_account(device)
    }

    pub(crate) fn generate(&mut self, who: Pick, count: usize) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let Account { two, facts } = &mut self.accounts[who];
        let unpublished = V.unpublished_one_time_keys(&two.real);
        let room = facts.client.private_keys();
        let real = V.generate_one_time_keys(&mut two.real, count, room);
        let ideal = self
            .ideal
            .generate_one_time_keys(&mut two.ideal, count, room);
        let discarded = same("which keys make room", real, ideal)?;
        if !discarded.is_empty() {
            self.reached.note(match facts.client {
                Client::Vodozemac => What::DiscardedByVodozemac,
                Client::Libolm => What::DiscardedByLibolm,
            });
            let unpublished = unpublished.iter().any(|(id, _)| discarded.contains(id));
            self.reached
                .note_if(unpublished, What::DiscardedUnpublished);
        }
        self.check_account(who)
    }

    /// Leaves room for two keys. They are published unseen, because nobody
    /// will claim so many.
    pub(crate) fn fill(&mut self, who: Pick) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let Account { two, facts } = &mut self.accounts[who];
        let room = facts.client.private_keys();
        let count = room - 2;
        let real = V.generate_one_time_keys(&mut two.real, count, room);
        let ideal = self
            .ideal
            .generate_one_time_keys(&mut two.ideal, count, room);
        same("which keys make room", real, ideal)?;
        V.mark_keys_as_published(&mut two.real);
        self.ideal.mark_keys_as_published(&mut two.ideal);
        self.check_account(who)
    }

    pub(crate) fn generate_fallback(&mut self, who: Pick, room: u8) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let two = &mut self.accounts[who].two;
        let room = usize::from(room);
        V.generate_fallback_key(&mut two.real, room);
        self.ideal.generate_fallback_key(&mut two.ideal, room);
        self.check_account(who)?;
        // The check has filed the new key, as the last of all.
        let new = self.keys.len() - 1;
        let fallback = &mut self.accounts[who].facts.fallback;
        fallback.push(new);
        fallback.drain(..fallback.len().saturating_sub(room + 1));
        Ok(())
    }

    pub(crate) fn forget_fallback(&mut self, who: Pick) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let Account { two, facts } = &mut self.accounts[who];
        V.forget_fallback_key(&mut two.real);
        self.ideal.forget_fallback_key(&mut two.ideal);
        if facts.fallback.len() > 1 {
            facts.fallback.remove(0);
        }
        self.check_account(who)
    }

    pub(crate) fn publish(&mut self, who: Pick) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let two = &mut self.accounts[who].two;
        V.mark_keys_as_published(&mut two.real);
        self.ideal.mark_keys_as_published(&mut two.ideal);
        self.check_account(who)
    }

    /// Discards a key that is held or, now and then, one that is not.
    pub(crate) fn discard(&mut self, who: Pick, key: Pick) -> Checked {
        let Some(who) = who.of(self.accounts.len()) else {
            return Ok(());
        };
        let two = &mut self.accounts[who].two;
        let held = V.one_time_keys(&two.real);
        let id = match key.of(held.len()) {
            Some(place) if !key.0.is_multiple_of(8) => held[place],
            Some(_) | None => KeyId(u64::from(key.0 / 64)),
        };
        V.discard_one_time_key(&mut two.real, id);
        self.ideal.discard_one_time_key(&mut two.ideal, id);
        self.check_account(who)
    }

    /// Signs a key, and looks at the signature from every side.
    pub(crate) fn sign(&mut self, who: Pick, key: Pick, looks: Pick) -> Checked {
        let places = (who.of(self.accounts.len()), key.of(self.keys.len()));
        let ((Some(who), Some(key)), Some(other)) = (places, looks.of(self.keys.len())) else {
            return Ok(());
        };
        let (two, signed) = (&self.accounts[who].two, &self.keys[key]);
        let real = V.sign_key(&two.real, signed.kind, &signed.two.real);
        let ideal = self
            .ideal
            .sign_key(&two.ideal, signed.kind, &signed.two.ideal);
        for signer in &self.devices {
            for kind in [KeyKind::OneTime, KeyKind::Fallback] {
                for looked_at in [key, other] {
                    let key = &self.keys[looked_at].two;
                    let real = V.verify_key(&signer.real, kind, &key.real, &real);
                    let ideal = self
                        .ideal
                        .verify_key(&signer.ideal, kind, &key.ideal, &ideal);
                    let good = same("whether a signature is good", real, ideal)?;
                    self.reached.note(match good {
                        true => What::GoodSignature,
                        false => What::BadSignature,
                    });
                }
            }
        }
        Ok(())
    }

    pub(crate) fn keep_account(&mut self, who: Pick) -> Checked {
        if let Some(who) = who.of(self.accounts.len()) {
            let Account { two, facts } = &self.accounts[who];
            let pickle = Two {
                real: V.pickle_account(&two.real),
                ideal: self.ideal.pickle_account(&two.ideal),
            };
            let facts = facts.clone();
            self.kept_accounts.push(KeptAccount { facts, pickle });
        }
        Ok(())
    }

    /// Puts an older account in the place of a newer one, or beside it.
    pub(crate) fn restore_account(&mut self, kept: Pick, as_well: bool) -> Checked {
        let Some(kept) = kept.of(self.kept_accounts.len()) else {
            return Ok(());
        };
        let KeptAccount { facts, pickle } = &self.kept_accounts[kept];
        let two = Two {
            real: V.unpickle_account(&pickle.real),
            ideal: self.ideal.unpickle_account(&pickle.ideal),
        };
        let facts = facts.clone();
        let newest = |account: &Account| account.facts.device == facts.device;
        let place = match self.accounts.iter().rposition(newest) {
            Some(place) if !as_well => place,
            Some(_) | None => self.accounts.len(),
        };
        let account = Account { two, facts };
        if place == self.accounts.len() {
            self.accounts.push(account);
        } else {
            self.accounts[place] = account;
        }
        self.check_account(place)
    }

    /// Compares everything that an account shows, and files its public keys.
    pub(crate) fn check_account(&mut self, who: usize) -> Checked {
        let Account { two, facts } = &self.accounts[who];
        let identity = self.devices.iter().position(|device| {
            device.real == V.identity(&two.real) && device.ideal == self.ideal.identity(&two.ideal)
        });
        same("whose account it is", identity, Some(facts.device))?;
        let real = V.one_time_keys(&two.real);
        let ideal = self.ideal.one_time_keys(&two.ideal);
        let counts = [
            V.count_one_time_keys(&two.real),
            self.ideal.count_one_time_keys(&two.ideal),
        ];
        same("how many are held", counts, [real.len(); 2])?;
        same("the one-time keys that are held", real, ideal)?;
        let ids = |keys: &[(KeyId, _)]| keys.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let real = ids(&V.published_one_time_keys(&two.real, KeyId(0)));
        let ideal = self.ideal.published_one_time_keys(&two.ideal, KeyId(0));
        let ideal: Vec<_> = ideal.iter().map(|(id, _)| *id).collect();
        same("the published one-time keys", real, ideal)?;

        let real = V.unpublished_one_time_keys(&two.real);
        let ideal = self.ideal.unpublished_one_time_keys(&two.ideal);
        let fallback_real = V.unpublished_fallback_key(&two.real);
        let fallback_ideal = self.ideal.unpublished_fallback_key(&two.ideal);
        let device = facts.device;
        let ids = |keys: &[(KeyId, _)]| keys.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        let ideal_ids: Vec<_> = ideal.iter().map(|(id, _)| *id).collect();
        same("the unpublished one-time keys", ids(&real), ideal_ids)?;
        for ((_, real), (_, ideal)) in real.into_iter().zip(ideal) {
            self.file_key(device, KeyKind::OneTime, Two { real, ideal })?;
        }
        let real = fallback_real.map(|(id, _)| id);
        let ideal = fallback_ideal.map(|(id, _)| id);
        same("the unpublished fallback key", real, ideal)?;
        if let Some(((_, real), (_, ideal))) = fallback_real.zip(fallback_ideal) {
            self.file_key(device, KeyKind::Fallback, Two { real, ideal })?;
        }
        Ok(())
    }

    /// Uses each key that was ever shown on each copy of its account.
    pub(crate) fn examine_accounts(&mut self) -> Checked {
        for who in 0..self.accounts.len() {
            self.check_account(who)?;
            let device = self.accounts[who].facts.device;
            let of_device = |key: &usize| self.keys[*key].device == device;
            let keys: Vec<_> = (0..self.keys.len())
                .rev()
                .filter(of_device)
                .take(12)
                .collect();
            for key in keys {
                self.open_on(0, key, device)?;
                self.accept_newest(who)?;
            }
        }
        Ok(())
    }

    /// A key is new to both, or the same old one to both.
    fn file_key(
        &mut self,
        device: usize,
        kind: KeyKind,
        two: Two<<V as Crypto>::PublicKey, <Ideal as Crypto>::PublicKey>,
    ) -> Checked {
        let mut keys = self.keys.iter();
        let real = keys.rposition(|key| key.two.real == two.real);
        let ideal = self.keys.iter().rposition(|key| key.two.ideal == two.ideal);
        if same("which key it is", real, ideal)?.is_none() {
            self.keys.push(PublicKey { two, device, kind });
        }
        Ok(())
    }
}
