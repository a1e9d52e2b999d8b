#include "api/entry.hpp"

namespace hatchery::api {

namespace {

using SteadyClock = std::chrono::steady_clock;

bool came_by_proxy(const front::Request& request) {
    return front::find_field(request.fields, "X-Forwarded-For") ||
           front::find_field(request.fields, "Forwarded");
}

bool is_loopback(const std::string& address) {
    return address == "::1" || address.starts_with("127.") || address.starts_with("::ffff:127.");
}

Entered too_many(RateState state) {
    auto problem = state.problem();
    return {.refused = std::move(problem), .rates = std::move(state), .over_budget = true};
}

/// A credential that acts for nobody is remembered as itself, whomever it named.
const std::string& name_of(const ShownCaller& caller, const store::Principal& principal) {
    return principal.service_user_id.empty() ? caller.credential : caller.acting;
}

}  // namespace

Entered Entry::enter(const AccessRule& rule, Exchange& exchange) {
    const auto what = rate_class_of(rule);
    const bool asks_who = rule.door == Door::signed_in || rule.door == Door::token;
    const auto caller = asks_who ? authenticator_.shown_by(exchange) : ShownCaller{};
    // A request that was parked paid when it came.
    if (what == core::RateClass::none || exchange.request.again) {
        return {.refused = admit(rule, exchange, caller), .rates = {}};
    }
    const auto now = SteadyClock::now();
    if (auto away = turned_away(what, caller, exchange.address, now)) {
        return too_many(std::move(*away));
    }
    auto refused = admit(rule, exchange, caller);
    auto state = rates_.charge(what, exchange.address,
                               exchange.principal ? &*exchange.principal : nullptr, now);
    if (state.refused_for) {
        if (exchange.principal) {
            callers_.note_refused(name_of(caller, *exchange.principal), what, state, now);
        }
        return too_many(std::move(state));
    }
    return {.refused = std::move(refused), .rates = std::move(state)};
}

Entered Entry::charge_stray(const std::string& address) {
    const auto now = SteadyClock::now();
    const auto what = core::RateClass::read;
    if (auto away = rates_.turned_away(what, address, now)) return too_many(std::move(*away));
    auto state = rates_.charge(what, address, nullptr, now);
    if (state.refused_for) return too_many(std::move(state));
    return {.refused = {}, .rates = std::move(state)};
}

bool Entry::guessed_too_often(const std::string& address) const {
    return rates_.failed_too_often(address, SteadyClock::now()).has_value();
}

Entered Entry::note_webhook_guess(const std::string& address) {
    const auto now = SteadyClock::now();
    if (auto away = rates_.failed_too_often(address, now)) return too_many(std::move(*away));
    rates_.note_failure(address, now);
    return {};
}

std::optional<RateState> Entry::turned_away(core::RateClass what, const ShownCaller& caller,
                                            const std::string& address, Now now) const {
    if (caller.credential.empty()) return rates_.turned_away(what, address, now);
    if (auto refused = callers_.refused(caller.acting, what, now)) return refused;
    if (callers_.standing(caller.acting, now) == KnownCallers::Standing::service) {
        return std::nullopt;
    }
    // It acts for nobody we know of, so it counts as itself, whomever it names.
    if (auto refused = callers_.refused(caller.credential, what, now)) return refused;
    // Whoever is known here goes on while somebody else guesses behind the same address.
    if (!is_known(caller, now)) {
        if (auto away = rates_.failed_too_often(address, now)) return away;
    }
    return rates_.turned_away(what, address, now);
}

bool Entry::is_known(const ShownCaller& caller, Now now) const {
    return callers_.standing(caller.credential, now) != KnownCallers::Standing::unknown;
}

void Entry::remember(const ShownCaller& caller, const Admission& admission,
                     const std::string& address) {
    const auto now = SteadyClock::now();
    if (const auto& principal = admission.principal) {
        callers_.note_known(caller.credential, false, now);
        if (!principal->service_user_id.empty()) callers_.note_known(caller.acting, true, now);
    } else if (admission.guessed && !is_known(caller, now)) {
        rates_.note_failure(address, now);
    }
}

std::optional<Problem> Entry::admit(const AccessRule& rule, Exchange& exchange,
                                    const ShownCaller& caller) {
    switch (rule.door) {
        case Door::open:
            return std::nullopt;
        case Door::operator_only:
            if (is_operator(exchange.request)) return std::nullopt;
            return problem_of_status(404, "There is nothing at this path.");
        case Door::signed_in:
        case Door::token: {
            Admission admission = authenticator_.admit(exchange, rule);
            remember(caller, admission, exchange.address);
            exchange.principal = std::move(admission.principal);
            return std::move(admission.refused);
        }
    }
    return problem_of_status(403, "Nobody may use this path.");
}

bool Entry::is_operator(const front::Request& request) const {
    if (options_.admin_listener) return request.listener == *options_.admin_listener;
    return options_.trusts_loopback && is_loopback(request.remote_address) &&
           !came_by_proxy(request);
}

}  // namespace hatchery::api
