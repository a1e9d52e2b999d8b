#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "api/front/event_stream.hpp"
#include "api/front/request.hpp"
#include "api/problem.hpp"
#include "base/call.hpp"
#include "base/json.hpp"
#include "store/token_repository.hpp"

namespace hatchery::api {

/// One request on its way through a route.
struct Exchange {
    const front::Request& request;
    /// The parts of the path that the route's pattern names with `:`, in their order.
    std::vector<std::string> path;
    std::multimap<std::string, std::string> query;
    std::stop_token stop;
    /// Where it comes from: the peer, or whom a proxy of ours names. For limits and logs.
    std::string address;
    /// Who asks. Set on every route whose access is not open; see access.hpp.
    std::optional<store::Principal> principal;

    /// With an Idempotency-Key: the id of what the request makes, the same whenever it is sent.
    std::string effect_id;
    /// The right to make it, with an Idempotency-Key: lost to whoever resumes the request.
    base::LeaseToken lease;
    /// An earlier run of this request broke off: what it made, if anything, has effect_id.
    bool resumed = false;

    /// On a webhook: its address has guessed so often that only whom this process knows comes in.
    bool guessed_too_often = false;

    /// The id of what a write is done to, for the audit log, where the path does not say it. The
    /// one thing that a handler may leave behind here.
    mutable std::string target;

    [[nodiscard]] const base::UserId& user() const { return principal->user_id; }
    /// Whose things the caller may reach; nothing for those of all users.
    [[nodiscard]] std::optional<base::UserId> owner() const {
        if (principal->sees_everything) return std::nullopt;
        return principal->user_id;
    }
    /// Bounds an outside call; ends early when the server stops.
    [[nodiscard]] base::Call call(std::chrono::milliseconds limit) const {
        return base::Call::within(limit, stop);
    }
    /// The first value of a query parameter.
    [[nodiscard]] std::optional<std::string> parameter(const std::string& name) const {
        const auto found = query.find(name);
        return found == query.end() ? std::nullopt : std::optional<std::string>(found->second);
    }
    [[nodiscard]] std::string header(std::string_view name) const {
        return std::string(front::find_field(request.fields, name).value_or(std::string_view{}));
    }
};

/// A route's success.
struct Answer {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
    /// Instead of a body.
    std::shared_ptr<front::EventStream> stream;
    /// Instead of everything: see front::Reply::park.
    std::function<void(std::function<void()>)> park;
    /// With `park`: see front::Reply::kept.
    std::shared_ptr<void> kept;
};

using Outcome = tl::expected<Answer, Problem>;
using RouteHandler = std::function<Outcome(const Exchange&)>;

[[nodiscard]] Answer json_answer(int status, const base::Json& body);

[[nodiscard]] inline tl::unexpected<Problem> refuse(Problem problem) {
    return tl::unexpected<Problem>(std::move(problem));
}
[[nodiscard]] inline tl::unexpected<Problem> refuse(const base::Error& error) {
    return refuse(problem_of_error(error));
}
[[nodiscard]] inline tl::unexpected<Problem> refuse(int status, std::string detail) {
    return refuse(problem_of_status(status, std::move(detail)));
}
/// 422 that names fields.
[[nodiscard]] tl::unexpected<Problem> refuse_fields(std::vector<FieldProblem> errors);

}  // namespace hatchery::api
