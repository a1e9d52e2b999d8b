#pragma once

#include "base/error.hpp"
#include "base/json.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::providers::hetzner {

/// Whether a call could have changed anything: one that only reads has the effect `none`,
/// whatever became of it.
enum class Access { reads, writes };

/// What a refused call was about, in the words of an error's sentence: `create server "x"`.
struct CallSubject {
    std::string_view what;
    Access access = Access::reads;
};

/// The error of an answer that is not 2xx. The provider's own code, words and request id are kept:
/// the code in `code`, the rest in `context`.
[[nodiscard]] base::Error refusal(const CallSubject& subject, const ports::HttpResponse& response);

/// The error of a 2xx answer that lacks what it must hold.
[[nodiscard]] base::Error nonsense(const CallSubject& subject, const ports::HttpResponse& response);

/// The transport's error, with the effect that the subject leaves possible.
[[nodiscard]] base::Error transport_failure(const CallSubject& subject, base::Error error);

}  // namespace hatchery::providers::hetzner
