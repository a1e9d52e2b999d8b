#include "api/idempotency.hpp"

#include <algorithm>

#include "api/idempotency_key.hpp"
#include "base/log.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api {

namespace {

using store::Begun;

/// A request that is still being worked on: come back after this.
constexpr int held_retry_s = 1;

enum class Fate : std::uint8_t {
    keep,     ///< this is the answer
    release,  ///< nothing has happened, and another time something may
    yield,    ///< something may have happened
};

Fate fate_of(const Outcome& outcome) {
    if (outcome) return outcome->park ? Fate::release : Fate::keep;
    const auto& problem = outcome.error();
    if (problem.effect_unknown || problem.status == 500) return Fate::yield;
    return problem.status == 429 || problem.status > 500 ? Fate::release : Fate::keep;
}

Outcome refuse_held() {
    Problem problem = problem_of_status(
        409, "The first request with this Idempotency-Key is still being worked on.");
    problem.next_action = "Send it again in a moment; it will get the same answer.";
    problem.retry_after_s = held_retry_s;
    return refuse(std::move(problem));
}

Outcome refuse_another() {
    Problem problem =
        problem_of_status(409, "This Idempotency-Key belongs to another request of yours.");
    problem.next_action = "Use a new key for every new request.";
    return refuse(std::move(problem));
}

/// Everything that makes the request what it is. The same words under other preconditions or with
/// other rights are another request, whose answer may be none of this caller's business.
std::string request_hash(const Exchange& exchange) {
    const auto& request = exchange.request;
    const auto& principal = *exchange.principal;
    std::string text = request.method + "\n" + request.target + "\n" +
                       crypto::sha256_hex(request.body) + "\n" +
                       std::string(base::to_text(principal.role));
    for (const auto& [name, value] : request.fields) {
        if (front::same_token(name, "If-Match")) text += "\nif-match " + value;
    }
    auto scopes = principal.scopes;
    std::sort(scopes.begin(), scopes.end());
    for (const auto& scope : scopes) text += "\nscope " + scope;
    // What is about sessions and tokens is about the one that it came with, too.
    if (request.target.starts_with("/api/auth/")) {
        text += "\ncredential " + principal.session_id.text() + principal.token_id.text();
    }
    return crypto::sha256_hex(text);
}

Outcome replay(const store::KeptAnswer& kept) {
    Answer answer;
    answer.status = kept.status;
    answer.body = std::string(kept.body.reveal());
    answer.content_type = kept.content_type;
    answer.headers = kept.headers;
    answer.headers.emplace_back("Idempotent-Replayed", "true");
    return answer;
}

}  // namespace

Outcome IdempotentWrites::run(Exchange& exchange, const RouteHandler& handler,
                              bool& replayed) const {
    auto key = read_idempotency_key(exchange.request);
    if (!key) return refuse(std::move(key).error());
    if (!*key) return handler(exchange);
    const auto begun = requests_.begin({.user = exchange.user(),
                                        .key_hash = crypto::sha256_hex(**key),
                                        .request_hash = request_hash(exchange),
                                        .request_id = exchange.request.request_id});
    if (!begun) return refuse(begun.error());
    switch (begun->how) {
        case Begun::fresh:
        case Begun::resumed:
            return run_once(exchange, handler, *begun);
        case Begun::answered:
            replayed = true;
            exchange.target = begun->id;
            return replay(*begun->answer);
        case Begun::held:
            return refuse_held();
        case Begun::another:
            return refuse_another();
    }
    return refuse_held();
}

Outcome IdempotentWrites::run_once(Exchange& exchange, const RouteHandler& handler,
                                   const store::BegunRequest& begun) const {
    exchange.effect_id = begun.id;
    exchange.lease = begun.lease;
    exchange.resumed = begun.how == Begun::resumed;
    try {
        Outcome outcome = handler(exchange);
        keep(exchange, begun, outcome);
        return outcome;
    } catch (...) {
        (void)requests_.yield(begun);
        throw;
    }
}

void IdempotentWrites::keep(const Exchange& exchange, const store::BegunRequest& begun,
                            const Outcome& outcome) const {
    base::Result<void> done;
    switch (fate_of(outcome)) {
        case Fate::keep: {
            store::KeptAnswer kept{
                .status = outcome ? outcome->status : outcome.error().status,
                .content_type = outcome ? outcome->content_type : "application/problem+json",
                .headers = {},
                .body = base::Secret(
                    outcome ? outcome->body
                            : problem_body(outcome.error(), exchange.request.request_id))};
            if (outcome) kept.headers = outcome->headers;
            // A cookie belongs to the one answer that it came with.
            std::erase_if(kept.headers, [](const auto& header) {
                return front::same_token(header.first, "Set-Cookie");
            });
            done = requests_.finish(begun, kept);
            break;
        }
        case Fate::release:
            done = requests_.release(begun);
            break;
        case Fate::yield:
            done = requests_.yield(begun);
            break;
    }
    if (done) return;
    // The lease runs out by itself, and the next request finds what this one made.
    base::log_event(base::LogLevel::warning, "answer_not_kept",
                    {{"request", exchange.request.request_id}, {"message", done.error().message}});
}

}  // namespace hatchery::api
