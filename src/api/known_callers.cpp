#include "api/known_callers.hpp"

#include <algorithm>

namespace hatchery::api {

namespace {

using std::chrono::milliseconds;

constexpr std::chrono::hours remembered_for{1};
/// Beyond it everything is forgotten, which costs every caller one look-up.
constexpr std::size_t most_callers = 100'000;

/// How long the caller's own empty budgets refuse it; zero when only its address's does.
milliseconds own_wait(const RateState& state) {
    milliseconds wait{0};
    for (const auto& item : state.items) {
        if (item.spent || item.whose == core::RateSubject::address) continue;
        wait = std::max(wait, item.next_in);
    }
    return wait;
}

}  // namespace

KnownCallers::Standing KnownCallers::standing(const std::string& caller, Now now) const {
    const std::lock_guard lock(mutex_);
    const auto found = callers_.find(caller);
    if (found == callers_.end() || now - found->second.at >= remembered_for) {
        return Standing::unknown;
    }
    return found->second.standing;
}

void KnownCallers::note_known(const std::string& caller, bool service, Now now) {
    const std::lock_guard lock(mutex_);
    Known& known = entry(caller);
    known.standing = service ? Standing::service : Standing::known;
    known.at = now;
}

void KnownCallers::note_refused(const std::string& caller, core::RateClass what,
                                const RateState& state, Now now) {
    const auto wait = own_wait(state);
    if (wait.count() == 0) return;
    const std::lock_guard lock(mutex_);
    entry(caller).refusals.insert_or_assign(
        what, Refusal{.state = state, .at = now, .until = now + wait});
}

std::optional<RateState> KnownCallers::refused(const std::string& caller, core::RateClass what,
                                               Now now) const {
    const std::lock_guard lock(mutex_);
    const auto known = callers_.find(caller);
    if (known == callers_.end()) return std::nullopt;
    const auto found = known->second.refusals.find(what);
    if (found == known->second.refusals.end() || found->second.until <= now) return std::nullopt;
    RateState state = found->second.state;
    const auto passed = std::chrono::floor<milliseconds>(now - found->second.at);
    for (auto& item : state.items) item.next_in = std::max(item.next_in - passed, milliseconds(1));
    state.refused_for = std::chrono::ceil<milliseconds>(found->second.until - now);
    return state;
}

KnownCallers::Known& KnownCallers::entry(const std::string& caller) {
    if (callers_.size() >= most_callers && !callers_.contains(caller)) callers_.clear();
    return callers_[caller];
}

}  // namespace hatchery::api
