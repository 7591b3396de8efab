//! The list of all decisions: what is decided, who may decide it, and what each
//! value means. One entry here makes the enum, its place in [`Protocol`], the
//! switch of a proposal file and what `list decisions` prints.

use super::{Consulted, DecisionInfo, Reading};

decisions! {
    // What a homeserver does.

    /// In which order a device's one-time keys are handed out (BS §2.2).
    claim_order, "claim-order": ClaimOrder {
        /// In the order in which they were uploaded; inside one upload in any
        /// order (MSC4225).
        UploadOrder = "upload-order",
        /// By the text of their IDs, which is not the order of their numbers:
        /// Synapse before 1.120, and MSC4162.
        KeyIdOrder = "key-id-order",
        /// In no order at all: each claim draws anew.
        Random = "random",
        /// By the numbers in their IDs, which is the order in which a client
        /// makes them (matrix-spec#1124).
        KeyNumberOrder = "key-number-order",
    }

    /// What a homeserver answers to a claim whose key another claim took
    /// between its own SELECT and DELETE.
    concurrent_claims, "concurrent-claims": ConcurrentClaims {
        /// The loser gets the fallback key, or nothing, although unissued
        /// keys may remain: Synapse on PostgreSQL.
        LoserMisses = "loser-misses",
        /// The loser looks again, as if the claims had come one by one:
        /// Synapse on SQLite.
        Serialised = "serialised",
        /// Both get the same key: a server that reads, answers, and deletes
        /// without asking whether there was still something to delete.
        ReadThenDelete = "read-then-delete",
    }

    /// What becomes of a one-time key that is uploaded again after it was
    /// handed out.
    issued_keys, "issued-keys": IssuedKeys {
        /// It goes in again, as a new key: the server has no memory of what
        /// it handed out.
        Forgotten = "forgotten",
        /// The server remembers what it handed out, and leaves it out
        /// (matrix-spec#1124).
        Remembered = "remembered",
        /// The server remembers the highest number that it handed out, and
        /// leaves out, without a word, every key whose number is not higher
        /// (matrix-spec#1124).
        Outnumbered = "outnumbered",
    }

    /// What a homeserver does with a one-time key whose ID is taken by a
    /// different key (BS §2.1).
    key_id_conflicts, "key-id-conflicts": KeyIdConflicts {
        /// It answers 400, and stores no key of the request: Synapse.
        Refused = "refused",
        /// It keeps what it has and says nothing: Tuwunel.
        Ignored = "ignored",
        /// It takes the new key instead of the old one: Dendrite.
        Replaced = "replaced",
    }

    /// What a homeserver does with a one-time key that is uploaded while it
    /// has that very key, as when an answer was lost (BS §2.1).
    repeated_keys, "repeated-keys": RepeatedKeys {
        /// Nothing: a key is there once. Of two uploads at the same time a
        /// constraint of the table lets one through: Synapse.
        Skipped = "skipped",
        /// It stores the key a second time, and hands it out twice: a known
        /// bug of a server that looks and stores without a constraint.
        StoredAgain = "stored-again",
    }

    /// How many one-time keys of a device a homeserver stores.
    stored_key_limit, "stored-key-limit": StoredKeyLimit {
        /// As many as there are.
        None = "none",
        /// At most 500; an upload that would exceed them is refused.
        FiveHundred = "five-hundred",
    }

    /// Whether a device can delete its one-time keys from its homeserver.
    keys_reset, "keys-reset": KeysReset {
        /// There is no such endpoint.
        Absent = "absent",
        /// `POST /keys/reset` deletes them all, or those that the request
        /// names, and answers how many are left (MSC4162).
        Present = "present",
        /// The same, and it answers which keys it has deleted: one that is not
        /// among them had been claimed before.
        ListsDeleted = "lists-deleted",
    }

    /// What `/sync` tells a device of its one-time keys on the server; always
    /// as they were when the answer was begun, which can be half a minute ago.
    key_summary, "key-summary": KeySummary {
        /// How many there are.
        Count = "count",
        /// Also a digest of their IDs and of the keys themselves
        /// (element-meta#2406).
        Digest = "digest",
        /// Also the highest number that the server has ever been given; part
        /// of its database, so that a restore puts it back
        /// (element-meta#2406).
        HighestNumber = "highest-number",
        /// All three, as they were at one moment.
        DigestAndNumber = "digest-and-number",
    }

    /// When other homeservers are given the fallback key of a device (MSC4081).
    /// Both a device and its server have to take part for the key to be given
    /// away, and another server for it to be kept.
    fallback_key_sharing, "fallback-key-sharing": FallbackKeySharing {
        /// When it is claimed.
        OnDemand = "on-demand",
        /// Also with every update of the device that servers with a room in
        /// common are sent, and whenever there is a new one. They hand it out
        /// when the device's own server does not answer a claim.
        Eager = "eager",
    }

    /// What an operator's restore of a whole backup brings back.
    restored_tables, "restored-tables": RestoredTables {
        /// Everything that the backup holds.
        Everything = "everything",
        /// Everything but the one-time keys, whose table starts out empty:
        /// clients see a count of zero and upload fresh keys, and the
        /// fallback key covers the gap (element-meta#2155).
        AllButOneTimeKeys = "all-but-one-time-keys",
    }

    /// What a homeserver's sync tokens say.
    sync_tokens, "sync-tokens": SyncTokens {
        /// Positions in its streams. After a restore they are given out again,
        /// and a token from before cannot be told from one from after: Synapse.
        Positions = "positions",
        /// Also which history of the database they belong to, which an
        /// operator's restore makes another. A client that comes with a token of
        /// an earlier one is given all that the server holds for it, nothing is
        /// deleted, and it is told to look up everybody's devices again.
        WithEpoch = "with-epoch",
    }

    // What a client does.

    /// What a device does when an upload of one-time keys is refused because
    /// the server has another key under one of their IDs.
    upload_conflict, "upload-conflict": UploadConflict {
        /// It uploads the same keys again with its next sync, for ever:
        /// matrix-rust-sdk.
        Retry = "retry",
        /// It deletes all its keys from the server, and uploads again. Against
        /// a server without `keys-reset` it is as `retry`.
        Reset = "reset",
    }

    /// What a device does when an upload is refused because the server stores
    /// no more one-time keys of it (`stored-key-limit`).
    too_many_keys, "too-many-keys": TooManyKeys {
        /// It uploads the same keys again with its next sync, as after any
        /// refusal: matrix-rust-sdk.
        Retry = "retry",
        /// It discards the keys that were refused.
        Discard = "discard",
    }

    /// What a device does when it has to make one-time keys and its store of
    /// private halves is full (BS §1.2).
    full_store, "full-store": FullStore {
        /// It discards the oldest, whether or not the server still has their
        /// public halves: vodozemac and libolm.
        DiscardsOldest = "discards-oldest",
        /// First it deletes those that are to go from the server (MSC4162);
        /// what becomes of them then is `after-reset`. Against a server
        /// without `keys-reset` it is as `discards-oldest`.
        ResetsFirst = "resets-first",
        /// It discards none: a store has room for all.
        KeepsAll = "keeps-all",
    }

    /// Which private halves a device discards when it has had keys deleted
    /// from its server.
    after_reset, "after-reset": AfterReset {
        /// Those of all keys that it asked to have deleted, which MSC4162 says
        /// is safe.
        DiscardsAll = "discards-all",
        /// None: somebody may have claimed any of them before.
        KeepsAll = "keeps-all",
        /// Those that the server says it has deleted. Against a server that
        /// does not say which (`keys-reset`), none.
        DiscardsDeleted = "discards-deleted",
    }

    /// What a device does when what `/sync` tells of its keys (`key-summary`)
    /// contradicts its store.
    key_mismatch, "key-mismatch": KeyMismatch {
        /// Nothing.
        Ignored = "ignored",
        /// It deletes all its keys from the server and uploads fresh ones;
        /// against a server without `keys-reset`, nothing. Of a count alone it
        /// takes for a contradiction only that there are more keys on the
        /// server than it holds private halves.
        Reset = "reset",
        /// Where the server knows lower numbers only than it has been given,
        /// the device uploads the keys with higher ones again.
        UploadsAgain = "uploads-again",
    }

    /// Which keys a device takes to be on its server, when it compares them
    /// with a digest.
    expected_keys, "expected-keys": ExpectedKeys {
        /// All that it has published, neither used nor had deleted. A key
        /// that somebody has just claimed is among them.
        Unused = "unused",
        /// Of those the newest: as many as the count says, and none above the
        /// highest number if the server tells one. Right where keys are handed
        /// out by their numbers.
        Newest = "newest",
    }

    /// What a device makes of what `/sync` tells of its keys where it has
    /// changed them itself since it opened that poll (synapse#17491).
    outdated_summaries, "outdated-summaries": OutdatedSummaries {
        /// It compares it with its store all the same. What it does about a
        /// contradiction changes its keys, so that the next poll contradicts
        /// them again.
        Compared = "compared",
        /// It waits for the next poll.
        LeftOut = "left-out",
    }

    /// For how long a device keeps a one-time key that it takes to have been
    /// claimed, because a message came that was made for a later one in the
    /// order of issue, or because it was not among the keys that the server
    /// says it has deleted (MSC4162).
    claimed_keys, "claimed-keys": ClaimedKeys {
        /// Until it is used.
        Kept = "kept",
        /// For thirty days; then it deletes the key from the server, in case
        /// it is there, and discards it.
        ThirtyDays = "thirty-days",
    }

    /// What becomes of the private half of a one-time key that was used.
    used_keys, "used-keys": UsedKeys {
        /// It is deleted.
        Deleted = "deleted",
        /// It stays: a second message made for it can be read, and all that
        /// were ever made for it by whoever seizes the device.
        Kept = "kept",
    }

    /// When a device replaces its fallback key (BS §1.4).
    fallback_rotation, "fallback-rotation": FallbackRotation {
        /// Once it is a week old, whether it was used or not: matrix-rust-sdk.
        Weekly = "weekly",
        /// Also when `/sync` says that it was used: the specification.
        WeeklyOrUsed = "weekly-or-used",
        /// Also when the device has decrypted a message that was made for it
        /// (MSC4081).
        WeeklyOrReceived = "weekly-or-received",
    }

    /// For how long a device keeps the private half of a fallback key that it
    /// has replaced.
    fallback_retention, "fallback-retention": FallbackRetention {
        /// Until the next replacement: vodozemac's two slots.
        UntilNextReplacement = "until-next-replacement",
        /// For an hour after the first message that used its successor
        /// (MSC2732).
        HourAfterSuccessorUsed = "hour-after-successor-used",
        /// For an hour, or until the next replacement if that is earlier:
        /// MSC2732's rule as MSC4081 sums it up. Where a key is replaced as soon
        /// as it is used, that rule would otherwise be that of two slots.
        HourAfterReplacement = "hour-after-replacement",
        /// For thirty days; the one that was replaced last for as long as it is
        /// that (MSC4081).
        ThirtyDays = "thirty-days",
    }

    /// When a device answers an undecryptable Olm message with a new session
    /// and an `m.dummy` over it.
    unwedging, "unwedging": Unwedging {
        /// Only if it holds a session with the sender, and the newest is
        /// older than an hour: matrix-rust-sdk. At first contact, nothing.
        WithEarlierSession = "with-earlier-session",
        /// Also if it holds no session with the sender at all, which is what
        /// the specification asks for; once an hour for each device.
        AlsoAtFirstContact = "also-at-first-contact",
    }

    /// What a device does when it is told `m.no_olm`: that the sender has no
    /// Olm session with it (BS §1.10).
    no_olm_reply, "no-olm-reply": NoOlmReply {
        /// Nothing: matrix-rust-sdk.
        Ignored = "ignored",
        /// It opens a session itself and sends an `m.dummy` over it, which the
        /// specification allows.
        OpensSession = "opens-session",
    }

    /// From which message index a sender shares a room key again with a
    /// device that has opened a new Olm session since it was first given that
    /// key (element-meta#1992).
    resharing, "resharing": Resharing {
        /// From the ratchet's present index: earlier messages stay unreadable.
        CurrentIndex = "current-index",
        /// From the index at which the device was first given the key.
        OriginalIndex = "original-index",
    }

    /// What a device does when it hears that somebody's devices have changed
    /// while it waits for an answer to `/keys/query` (BS §1.14).
    key_queries, "key-queries": KeyQueries {
        /// It waits for the answer, and asks again if what it heard is newer
        /// than the question: matrix-rust-sdk.
        OneAtATime = "one-at-a-time",
        /// It asks at once, and takes the answer that comes last for the
        /// newest: the bug that the specification warns of.
        Overlapping = "overlapping",
    }

    /// What a device does with a Megolm session whose key somebody has who is
    /// to have no more: a user who has left, a device that is gone (BS §1.8).
    over_shared_sessions, "over-shared-sessions": OverSharedSessions {
        /// It replaces the session with its next message.
        Replaced = "replaced",
        /// It goes on with it: a known bug.
        Kept = "kept",
    }

    /// From when on a device counts a user whom it has invited among those who
    /// are given the room key.
    invited_members, "invited-members": InvitedMembers {
        /// From the answer to the invitation on: matrix-rust-sdk asks for the
        /// members again before it sends anything else.
        AtAnswer = "at-answer",
        /// From when `/sync` tells of the invitation: a known bug, since the
        /// server may have answered before that.
        FromSync = "from-sync",
    }

    /// What becomes of a one-time key when a message that was made for it
    /// cannot be decrypted.
    failed_keys, "failed-keys": FailedKeys {
        /// Its private half is kept: it is deleted on success only.
        Kept = "kept",
        /// Its private half is deleted: a known bug (rust-sdk#1761).
        Deleted = "deleted",
    }

    /// When a device stores an Olm session that a message has opened (BS §1.12).
    session_storage, "session-storage": SessionStorage {
        /// At once, before the room key that the message carried and before
        /// its hash: matrix-rust-sdk.
        AtOnce = "at-once",
        /// Together with everything else that the messages of a sync brought.
        WithMessages = "with-messages",
    }

    /// Whether a device remembers, when it is started again, with whom it meant
    /// to open a new Olm session.
    wedge_storage, "wedge-storage": WedgeStorage {
        /// It does not: whom to unwedge is held in memory only, as in
        /// matrix-rust-sdk.
        InMemory = "in-memory",
        /// It does: it stores whom to unwedge until it has a key to do it with.
        Stored = "stored",
    }

    /// What a device does with a room key from a device that is not (yet) in the
    /// list that it holds of the sender's devices.
    unknown_senders, "unknown-senders": UnknownSenders {
        /// It keeps the key, and finds out about the sender later:
        /// matrix-rust-sdk.
        KeyKept = "key-kept",
        /// It drops the key: a known bug (element-web#24682).
        KeyDropped = "key-dropped",
    }

    /// In which order a device works through the to-device messages of an
    /// answer.
    to_device_order, "to-device-order": ToDeviceOrder {
        /// In the order in which they are given.
        AsGiven = "as-given",
        /// The last first: a bug, like any order in which an Olm message comes
        /// more than forty places before its turn (BS §1.6).
        LastFirst = "last-first",
    }

    /// What a device makes of an answer that does not say how many one-time keys
    /// it has on the server, as sliding sync does not if that has not changed.
    absent_counts, "absent-counts": AbsentCounts {
        /// It is as it was.
        Unchanged = "unchanged",
        /// There is none: a known bug (matrix-js-sdk#5501).
        Zero = "zero",
    }

    /// When a device stores how far it has synced.
    token_storage, "token-storage": TokenStorage {
        /// Together with what the to-device messages brought.
        WithMessages = "with-messages",
        /// Before it has worked through the to-device messages: a known bug
        /// (element-meta#762).
        BeforeMessages = "before-messages",
    }
}
