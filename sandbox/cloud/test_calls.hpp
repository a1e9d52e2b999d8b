#pragma once

#include <string>

#include "sandbox/cloud/api_types.hpp"
#include "sandbox/cloud/request_log.hpp"
#include "sandbox/hosts/fleet.hpp"

namespace hatchery::sandbox {

/// What tests ask of every cloud alike: the requests so far, the hosts, and mishaps of one host.
/// `what` is the path below `/sandbox/`. Throws ApiError 404 for anything else.
ApiAnswer answer_test_call(const ApiCall& call, const std::string& what, Fleet& fleet,
                           RequestLog& requests);

}  // namespace hatchery::sandbox
