#include "api/rate_gate.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/network.hpp"

namespace hatchery::api {

namespace {

using core::RateClass;
using core::RateSubject;
using std::chrono::milliseconds;

/// How often a busy caller's share is renewed, about.
constexpr std::chrono::seconds renew_every{1};
/// A share that nobody used for this long is forgotten; its budget is full again by then.
constexpr std::chrono::seconds forget_after{60};
/// Beyond this, shares are forgotten earlier: addresses can be many. No setting: it is some tens of
/// MB, and what is forgotten costs its caller one statement.
constexpr std::size_t most_shares = 100'000;
/// No process takes more than this part of a budget at once.
constexpr int smallest_part = 20;

milliseconds step_of(int per_minute) {
    return milliseconds(std::max(1, (60'000 + per_minute - 1) / per_minute));
}

std::string policy_of(const RateState::Item& item) {
    std::string name = "\"";
    name += core::rate_class_text(item.what);
    name += '-';
    name += core::rate_subject_text(item.whose);
    return name + '"';
}

}  // namespace

RateClass rate_class_of(const AccessRule& rule) {
    if (rule.door == Door::operator_only || rule.pattern.starts_with("/hooks/") ||
        rule.pattern == "/healthz" || rule.pattern == "/readyz") {
        return RateClass::none;
    }
    if (rule.door == Door::open) {
        const bool step =
            rule.pattern.starts_with("/api/auth/") && rule.pattern != "/api/auth/options";
        return step ? RateClass::sign_in : RateClass::read;
    }
    if (rule.pattern.ends_with("/verify-token")) return RateClass::verify;
    if (rule.pattern.ends_with("/events")) return RateClass::stream;
    if (rule.reach == Reach::outside) return RateClass::outside;
    return changes(rule) ? RateClass::write : RateClass::read;
}

std::vector<std::pair<std::string, std::string>> RateState::headers() const {
    if (items.empty()) return {};
    std::string policies;
    std::string limits;
    for (const auto& item : items) {
        const std::string name = policy_of(item);
        policies += (policies.empty() ? "" : ", ") + name;
        policies += ";q=" + std::to_string(item.per_minute) + ";w=60";
        limits += (limits.empty() ? "" : ", ") + name;
        limits += ";r=" + std::to_string(item.left);
        limits += ";t=" + std::to_string(whole_seconds(item.next_in));
    }
    // The fields of the versions before 07 can tell of one budget: that which is the first to end.
    const auto tightest =
        std::min_element(items.begin(), items.end(), [](const Item& one, const Item& other) {
            return std::int64_t{one.left} * other.per_minute <
                   std::int64_t{other.left} * one.per_minute;
        });
    return {{"RateLimit-Policy", std::move(policies)},
            {"RateLimit", std::move(limits)},
            {"RateLimit-Limit", std::to_string(tightest->per_minute)},
            {"RateLimit-Remaining", std::to_string(tightest->left)},
            {"RateLimit-Reset", std::to_string(whole_seconds(tightest->next_in))}};
}

Problem RateState::problem() const {
    Problem problem = problem_of_status(429, "");
    const auto empty =
        std::find_if(items.begin(), items.end(), [](const Item& item) { return item.left == 0; });
    const bool failures = empty != items.end() && empty->what == RateClass::failure;
    problem.detail = "There were too many requests of this kind within a minute.";
    if (failures) problem.detail = "Too many tokens or sessions that are none came from here.";
    const auto wait = whole_seconds(refused_for.value_or(milliseconds(1000)));
    problem.retry_after_s = wait;
    problem.next_action =
        "Come back in " + std::to_string(wait) + (wait == 1 ? " second." : " seconds.");
    return problem;
}

std::optional<RateState> RateGate::turned_away(RateClass what, const std::string& address,
                                               Now now) const {
    std::vector<Charge> charges;
    add(charges, what, RateSubject::address, core::address_group(address));
    if (charges.empty()) return std::nullopt;
    const auto& charge = charges.front();
    const std::lock_guard lock(mutex_);
    const auto found = shares_.find(charge.budget);
    if (found == shares_.end() || found->second.unspent > 0) return std::nullopt;
    if (found->second.empty_until <= now) return std::nullopt;
    const auto wait = std::chrono::ceil<milliseconds>(found->second.empty_until - now);
    return RateState{.items = {{.what = what,
                                .whose = RateSubject::address,
                                .per_minute = charge.per_minute,
                                .left = 0,
                                .next_in = wait}},
                     .refused_for = wait};
}

RateState RateGate::charge(RateClass what, const std::string& address,
                           const store::Principal* principal, Now now) {
    return spend(what, charges_of(what, address, principal), now);
}

void RateGate::note_failure(const std::string& address, Now now) {
    std::vector<Charge> charges;
    add(charges, RateClass::failure, RateSubject::address, core::address_group(address));
    (void)spend(RateClass::failure, charges, now);
}

std::size_t RateGate::held() const {
    const std::lock_guard lock(mutex_);
    return shares_.size();
}

void RateGate::add(std::vector<Charge>& charges, RateClass what, RateSubject whose,
                   const std::string& name) const {
    const int per_minute = core::limit_of(limits_, what, whose);
    if (per_minute == 0) return;
    std::string budget;
    // What a service does for others is one budget, whatever it is.
    if (whose != RateSubject::service) budget = std::string(core::rate_class_text(what)) + ' ';
    budget += core::rate_subject_text(whose);
    budget += ' ' + name;
    charges.push_back({.whose = whose, .budget = std::move(budget), .per_minute = per_minute});
}

std::vector<RateGate::Charge> RateGate::charges_of(RateClass what, const std::string& address,
                                                   const store::Principal* principal) const {
    std::vector<Charge> charges;
    if (what == RateClass::none) return charges;
    const bool service = principal != nullptr && !principal->service_user_id.empty();
    if (principal != nullptr) {
        add(charges, what, RateSubject::user, principal->user_id.text());
        if (!principal->token_id.empty()) {
            add(charges, what, service ? RateSubject::service : RateSubject::token,
                principal->token_id.text());
        }
    }
    // A service's customers all come from its one address.
    if (!service) add(charges, what, RateSubject::address, core::address_group(address));
    return charges;
}

RateState RateGate::spend(RateClass what, const std::vector<Charge>& charges, Now now) {
    if (charges.empty()) return {};
    RateState state;
    std::vector<store::RateTake> takes;
    std::vector<std::size_t> places;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& charge : charges) {
            Share& share = shares_[charge.budget];
            state.items.push_back(
                {.what = what, .whose = charge.whose, .per_minute = charge.per_minute});
            if (share.unspent > 0 || share.empty_until > now) {
                use(share, state, state.items.back(), now);
                continue;
            }
            places.push_back(state.items.size() - 1);
            takes.push_back({.budget = charge.budget,
                             .per_minute = charge.per_minute,
                             .wanted = portion_of(share, charge.per_minute, now)});
        }
    }
    if (!takes.empty() && !take(takes, places, state, now)) return {};
    if (state.refused_for) give_back(charges, state);
    tidy(now);
    return state;
}

void RateGate::give_back(const std::vector<Charge>& charges, const RateState& state) {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < charges.size(); ++i) {
        if (!state.items[i].spent) continue;
        Share& share = shares_[charges[i].budget];
        ++share.unspent;
        share.empty_until = {};
    }
}

int RateGate::portion_of(Share& share, int per_minute, Now now) {
    // While another thread asks for more, this one asks for itself alone.
    if (share.asking++ > 0) return 1;
    if (share.taken_at != Now{}) {
        const bool busy = now - share.taken_at < renew_every;
        share.portion = busy ? share.portion * 2 : share.portion / 2;
    }
    share.portion = std::clamp(share.portion, 1, std::max(1, per_minute / smallest_part));
    share.taken_at = now;
    return share.portion;
}

bool RateGate::take(const std::vector<store::RateTake>& takes,
                    const std::vector<std::size_t>& places, RateState& state, Now now) {
    const auto grants = budgets_.take(takes);
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < takes.size(); ++i) {
        Share& share = shares_[takes[i].budget];
        share.asking = std::max(0, share.asking - 1);
        if (!grants) continue;
        const auto& grant = (*grants)[i];
        share.unspent += grant.granted;
        share.left = grant.left;
        share.next_at = grant.left == 0 ? now + grant.next_in : Now{};
        if (share.unspent == 0) share.empty_until = share.next_at;
        use(share, state, state.items[places[i]], now);
    }
    if (grants) return true;
    base::log_event(base::LogLevel::warning, "rate_budgets_failed",
                    {{"message", grants.error().message}});
    return false;
}

void RateGate::use(Share& share, RateState& state, RateState::Item& item, Now now) {
    item.next_in = step_of(item.per_minute);
    if (share.unspent > 0) {
        --share.unspent;
        item.spent = true;
        item.left = share.unspent + share.left;
        // The last one of all: whoever comes before there is another need not ask.
        if (item.left == 0) share.empty_until = share.next_at;
        return;
    }
    item.next_in =
        std::max(std::chrono::ceil<milliseconds>(share.empty_until - now), milliseconds(1));
    state.refused_for = std::max(state.refused_for.value_or(milliseconds(0)), item.next_in);
}

void RateGate::tidy(Now now) {
    {
        const std::lock_guard lock(mutex_);
        const bool due = now - tidied_at_ >= forget_after;
        if (!due && shares_.size() < most_shares) return;
        const auto keep = due ? forget_after : renew_every;
        std::erase_if(shares_, [&](const auto& entry) {
            return now - entry.second.taken_at > keep && entry.second.empty_until <= now;
        });
        // Still too many are of this very second: whoever is forgotten asks the database again.
        if (shares_.size() >= most_shares) shares_.clear();
        if (!due) return;
        tidied_at_ = now;
    }
    if (const auto pruned = budgets_.prune(); !pruned) {
        base::log_event(base::LogLevel::warning, "rate_budgets_failed",
                        {{"message", pruned.error().message}});
    }
}

}  // namespace hatchery::api
