#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/enum_text.hpp"
#include "base/error.hpp"
#include "core/validate.hpp"

namespace hatchery::core {

/// What a customer may buy. The operator says what each of them holds.
enum class PlanName : std::uint8_t { starter, pro, enterprise };

/// The limits of one plan.
struct Plan {
    /// Bots that one user may have at the same time.
    int bots = 0;
    /// Names at the providers; an empty list allows all of them.
    std::vector<std::string> server_types;
    std::vector<std::string> regions;
    /// Servers stay in the European Union.
    bool eu_only = false;
    /// Back-ups that are kept of each bot.
    int backups = 0;
    /// How long the lines of a bot's story are kept.
    std::chrono::days logs_kept{0};

    bool operator==(const Plan&) const = default;
};

/// Every plan has its limits.
using Plans = std::map<PlanName, Plan>;

/// What the plans hold unless the operator says otherwise; places may still be `default`.
[[nodiscard]] Plans usual_plans();

/// The word that stands in a plan for the operator's default server type or region.
inline constexpr std::string_view default_place = "default";

/// The same plans with `default` replaced.
[[nodiscard]] Plans with_default_places(Plans plans, const std::string& region,
                                        const std::string& server_type);

/// What is wrong with a server type or a region for this plan; the sentence says what is allowed.
[[nodiscard]] Wrong check_server_type(PlanName name, const Plan& plan, const std::string& type);
[[nodiscard]] Wrong check_region(PlanName name, const Plan& plan, const std::string& region);

/// Whether a user who has this many bots may have one more: `quota_exceeded` otherwise.
[[nodiscard]] std::optional<base::Error> refuse_bot(PlanName name, const Plan& plan,
                                                    std::int64_t bots);
/// Whether a user who has this many bots may deploy one of them. Bots that were there before the
/// user took a smaller plan go on, but none of them gets a new server: `quota_exceeded`.
[[nodiscard]] std::optional<base::Error> refuse_deploy(PlanName name, const Plan& plan,
                                                       std::int64_t bots);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::PlanName> {
    using E = hatchery::core::PlanName;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::starter, "starter"}, {E::pro, "pro"}, {E::enterprise, "enterprise"}});
};
