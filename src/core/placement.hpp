#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "core/plan.hpp"

namespace hatchery::core {

/// Where a server may be made, and what kind of.
struct Place {
    std::string provider;
    std::string region;
    std::string type;

    bool operator==(const Place&) const = default;
};

/// `cx23 in fsn1 at hetzner`.
[[nodiscard]] std::string place_text(const Place& place);
/// `hetzner/fsn1/cx23`, as an operator writes it; nothing when the text is none.
[[nodiscard]] std::optional<Place> parse_place(std::string_view text);

/// A place that a provider sells, as far as the choice needs to know it.
struct KnownPlace {
    Place place;
    /// ISO 3166-1 alpha-2; empty when it is not known.
    std::string country;
    std::string architecture;
    int cores = 0;
    double memory_gb = 0;
    /// A month in the provider's currency; zero when it is not known.
    double price = 0;
    std::string price_monthly;
    std::string currency;
    bool available = true;
};

/// What the user asked for; empty texts are left to us.
struct PlaceWish {
    std::string provider;
    std::string region;
    std::string type;
};

struct PlacementRules {
    /// Where a server goes when nothing is said.
    Place preferred;
    /// The operator's list of places to go on to, as far as they can be had here.
    std::vector<Place> others;
    /// Whether the operator gave a list, be it that none of its places can be had. Without one:
    /// what the catalogue offers beside the first place, at the same provider.
    bool listed = false;
    /// What the user's plan allows; unset: everything.
    std::optional<Plan> plan;
};

/// Whether a country is in the European Union.
[[nodiscard]] bool is_eu_country(std::string_view country);
/// Whether a region is in the European Union, by its name at the providers that we know; unknown
/// ones are not.
[[nodiscard]] bool is_eu_region(std::string_view region);

/// Whether a place is in the European Union: by its country, or by its region's name where the
/// catalogue does not know it.
[[nodiscard]] bool is_in_eu(const Place& place, std::span<const KnownPlace> catalogue);
/// Whether a plan has this place: its type, its region, and whether it is in the EU if it must be.
[[nodiscard]] bool plan_has(const Plan& plan, const Place& place,
                            std::span<const KnownPlace> catalogue);
/// What is wrong with a place for a plan that stays in the EU; the sentence names regions of the
/// same provider that would do.
[[nodiscard]] Wrong check_eu(PlanName name, const Plan& plan, const Place& place,
                             std::span<const KnownPlace> catalogue);

/// Where to try, in this order. The first is what was asked for, or the preferred place; without
/// the operator's own list then other types in the same region, then the same type in other
/// regions. What the user named stays as it was named, in every place. A plan's types and regions
/// bind every place but those which the user named, which were checked when they were named; a plan
/// of the EU binds those, too. If none of these is allowed, whatever the catalogue has that is.
/// What the catalogue says to be sold out comes after the rest, since the word of a create counts
/// more. Empty when the plan allows none. Pure.
[[nodiscard]] std::vector<Place> placement_order(const PlaceWish& wish, const PlacementRules& rules,
                                                 std::span<const KnownPlace> catalogue);

/// The error of an empty order. `catalogue_known` says whether the providers told what they sell:
/// otherwise there may be a place after all, and it can be tried again.
[[nodiscard]] base::Error no_allowed_place(const Place& first, bool catalogue_known);

/// A place that was tried in vain.
struct TriedPlace {
    Place place;
    base::ErrorKind why = base::ErrorKind::out_of_stock;
    /// Whose limit a quota is: code_cost_ceiling stands for the operator's own.
    std::string code = {};
};

/// The code of a create that would cost more than the operator allows.
inline constexpr const char* code_cost_ceiling = "cost_ceiling";

/// `sold out`, in words that a user may read.
[[nodiscard]] std::string_view why_text(const TriedPlace& tried);

/// Whether the refusal of a create is about the place: another may do.
[[nodiscard]] bool is_about_place(const base::Error& error);

/// Where to try next: the first of the order that was not tried. After a quota no other place of
/// that provider is. Nothing: all of them were.
[[nodiscard]] std::optional<Place> next_place(std::span<const Place> order,
                                              std::span<const TriedPlace> tried);

/// The end of a search: the last place's error, which says of the others too, and what to do about
/// all of them.
[[nodiscard]] base::Error nowhere(std::span<const TriedPlace> tried, base::Error last);

}  // namespace hatchery::core
