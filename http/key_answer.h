// What the key routes share: finding a key that the caller may see, and answering a change.
#pragma once

#include "core/ledger.h"
#include "http/as_of.h"
#include "http/json.h"
#include "http/routes.h"
#include "http/secret.h"

namespace keyledger::http {

// Whether it is of the caller's workspace and no management key but for owners, auditors, and its
// own member.
[[nodiscard]] bool may_see(const Caller& caller, const Key& key);

// The key of the path. kNotFound unless the caller may see it.
[[nodiscard]] Result<Key> find_key(const Call& call);

// The same as of then.
[[nodiscard]] Result<Key> find_key(const Call& call, const Past& then);

// How the key was just after the receipt's events, for a replayed call too.
[[nodiscard]] Result<Key> key_after(const Call& call, const Receipt& receipt, const KeyId& id);

// The key as JSON, judged at `at`. A replayed answer shows no uses, since the first one had none.
[[nodiscard]] Result<Json> key_answer(const Call& call, const Key& key, Timestamp at);

// The same as of a moment, whose state `then` is.
[[nodiscard]] Result<Json> key_answer(const Call& call, const Key& key, Past& then,
                                      const Moment& moment);
[[nodiscard]] Result<Json> key_answer(const Call& call, const KeyView& view, Past& then,
                                      const Moment& moment);

// How it was used up to now.
[[nodiscard]] ShownUse shown_use(const Call& call, const KeyId& key);

// What is allowed but deserves a thought: [{field, code, message}].
[[nodiscard]] Json warnings_about(const Key& key);

// 200, the key bare, its ETag.
[[nodiscard]] Result<Response> answer_changed_key(const Call& call, const Receipt& receipt,
                                                  const KeyId& id);

// How a secret is answered: {key, secret, warnings}, or as a field of the key itself.
enum class SecretShape : std::uint8_t { kBesideKey, kInKey };

// The answer after a create or a rotate, with Location for a new key. Keeps the secret
// for a repeat of the call. A replayed call gets the secret of its first answer while that may be
// shown, else "secret": null, "secret_available": false.
[[nodiscard]] Result<Response> answer_with_secret(Call& call, const Receipt& receipt, int status,
                                                  const Secret& secret,
                                                  SecretShape shape = SecretShape::kBesideKey);

}  // namespace keyledger::http
