#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"

namespace hatchery::core {

/// How urgent a request to a provider is while its project takes only so many: the first first.
enum class Urgency : std::uint8_t {
    removal,   ///< what ends something that is billed, and the look that must come before it
    creation,  ///< what a deployment waits for
    poll,      ///< whether what was asked for is done
    sweep,     ///< what can as well be done later
};
inline constexpr std::size_t urgencies = 4;

/// The code of the error that stands for a request which was not sent since the budget had none
/// left for it.
inline constexpr const char* code_request_budget = "request_budget";

/// What a provider lets a project ask.
struct RequestLimit {
    enum class Shape : std::uint8_t {
        bucket,   ///< `requests` at once at most, refilled evenly over the window
        sliding,  ///< `requests` in any stretch as long as the window
    };
    Shape shape = Shape::bucket;
    long requests = 3'600;
    std::chrono::seconds window{3'600};

    bool operator==(const RequestLimit&) const = default;
};

struct BudgetPolicy {
    /// All of them hold. The rate headers of an answer speak of the first one.
    std::vector<RequestLimit> limits;
    /// Creates that are under way at the same time.
    int creates_at_once = 20;  // No setting: they are some thousand servers an hour.
    /// After so long a create that was never reported is taken for ended: its process died.
    base::Milliseconds create_lost_after{120'000};

    bool operator==(const BudgetPolicy&) const = default;
};

/// What Hetzner and DigitalOcean say that they take; of another provider nothing is known.
[[nodiscard]] BudgetPolicy usual_budget(const std::string& provider);

/// How much of one limit has been used.
struct LimitUse {
    /// Of a bucket: what is left, at `BudgetState::at`. Unset: all of it.
    std::optional<double> left;
    /// Of a sliding window: requests by the number of their slot, a twelfth of the window each.
    std::map<std::int64_t, long> slots;
};

/// What is remembered of a project's budget.
struct BudgetState {
    base::TimePoint at;
    std::vector<LimitUse> used;
    /// The first limit as the provider states it, when that differs from ours.
    std::optional<long> stated_limit;
    /// Nothing is sent before: the provider said that it had enough.
    std::optional<base::TimePoint> paused_until;
    /// Refusals by the provider since it last took a request.
    int refusals = 0;
    /// Creates under way: until when each is believed to be.
    std::map<std::int64_t, base::TimePoint> creates;
    std::int64_t next_create = 1;
    /// By urgency: the time that was promised to the last request which had to wait.
    std::array<std::optional<base::TimePoint>, urgencies> promised;
    /// Since the beginning, by urgency.
    std::array<std::int64_t, urgencies> granted{};
    std::array<std::int64_t, urgencies> delayed{};
    std::int64_t refused_by_provider = 0;
};

struct BudgetAsk {
    Urgency urgency = Urgency::poll;
    /// Whether this one makes something: only so many of them at once.
    bool creates = false;
    /// Whether who must wait will come back at the time that it is told: only then is that time
    /// kept for it, and others are told later ones.
    bool comes_back = true;
};

struct BudgetAnswer {
    BudgetState state;
    bool granted = false;
    /// The create's number, for its report; zero for others.
    std::int64_t create = 0;
    /// Not granted: when to ask again, from now, and why; a part of a sentence.
    base::Milliseconds wait{0};
    std::string why;
    /// What the first limit has left, and its size.
    long left = 0;
    long limit = 0;
    /// Whether the provider has refused requests since it last took one.
    bool after_refusal = false;
};

/// Whether a request may be sent now. Each urgency leaves the last few requests of a budget to
/// those before it. Who must wait is given a time of its own, so that a crowd does not come back
/// at once. Pure.
[[nodiscard]] BudgetAnswer take_request(const BudgetPolicy& policy, BudgetState state,
                                        const BudgetAsk& ask, base::TimePoint now);

/// What an answer said about the budget.
struct BudgetReport {
    /// The number that take_request() gave to a create; zero for others.
    std::int64_t create = 0;
    /// RateLimit-Limit and RateLimit-Remaining.
    std::optional<long> limit;
    std::optional<long> remaining;
    /// A 429.
    bool refused = false;
    /// No answer came.
    bool lost = false;
    std::optional<base::Milliseconds> retry_after;
};

/// What take_request() believed when it granted a request.
struct BudgetBelief {
    long left = 0;
    long limit = 0;
    bool after_refusal = false;
};

/// Whether the report tells anything beside what was believed: also that the provider takes
/// requests again. Pure.
[[nodiscard]] bool is_news(const BudgetReport& report, const BudgetBelief& believed);

/// The state after an answer: never more than the provider says is left, nothing for a while after
/// a refusal. Pure.
[[nodiscard]] BudgetState after_answer(const BudgetPolicy& policy, BudgetState state,
                                       const BudgetReport& report, base::TimePoint now);

/// What each limit has left now. Pure.
[[nodiscard]] std::vector<long> left_of(const BudgetPolicy& policy, BudgetState state,
                                        base::TimePoint now);

/// Requests of a limit that this urgency leaves to more urgent ones.
[[nodiscard]] long kept_back(Urgency urgency, long limit);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::Urgency> {
    using E = hatchery::core::Urgency;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::removal, "removal"},
                                                       {E::creation, "creation"},
                                                       {E::poll, "poll"},
                                                       {E::sweep, "sweep"}});
};
