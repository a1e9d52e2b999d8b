#pragma once

#include <tl/expected.hpp>

#include "api/access.hpp"
#include "api/answer.hpp"
#include "store/token_repository.hpp"

namespace hatchery::api {

/// Who the request's `Authorization: Bearer` token stands for, if its scopes allow the route. With
/// `x-user-id`, a token of scope act-as stands for that user. 401 without a good token, 403 when a
/// scope is missing. Google's sessions will be a second way to a principal here.
[[nodiscard]] tl::expected<store::Principal, Problem> authenticate(const Exchange& exchange,
                                                                   Scope scope,
                                                                   store::TokenRepository& tokens);

[[nodiscard]] bool has_scope(const store::Principal& principal, Scope scope);
/// 403 that names the scope.
[[nodiscard]] Problem lacks_scope(Scope scope);

}  // namespace hatchery::api
