#include "core/placement.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace hatchery::core {

namespace {

using base::ErrorKind;

/// Other types of a region that are tried where the plan names none.
constexpr std::size_t most_larger_types = 3;

constexpr std::array<std::string_view, 27> eu_countries = {
    "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR", "HU", "IE",
    "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE"};
constexpr std::array<std::string_view, 6> eu_regions = {"fsn1", "nbg1", "hel1",
                                                        "ams2", "ams3", "fra1"};

std::string or_else(const std::string& text, const std::string& otherwise) {
    return text.empty() ? otherwise : text;
}

bool holds(const std::vector<std::string>& allowed, const std::string& name) {
    return allowed.empty() || std::ranges::find(allowed, name) != allowed.end();
}

const KnownPlace* find(std::span<const KnownPlace> catalogue, const Place& place) {
    const auto found = std::ranges::find(catalogue, place, &KnownPlace::place);
    return found == catalogue.end() ? nullptr : &*found;
}

class Search {
public:
    Search(const PlaceWish& wish, const PlacementRules& rules,
           std::span<const KnownPlace> catalogue)
        : wish_(wish), rules_(rules), catalogue_(catalogue) {}

    std::vector<Place> order() {
        const Place first{.provider = or_else(wish_.provider, rules_.preferred.provider),
                          .region = or_else(wish_.region, rules_.preferred.region),
                          .type = or_else(wish_.type, rules_.preferred.type)};
        if (allowed(first)) add(first);
        if (rules_.listed || !rules_.others.empty()) {
            for (const auto& place : rules_.others) offer(place);
        } else {
            other_types(first);
            other_regions(first);
            if (order_.empty()) anything(first);
        }
        std::ranges::stable_partition(order_, [&](const Place& place) {
            const auto* known = find(catalogue_, place);
            return known == nullptr || known->available;
        });
        return std::move(order_);
    }

private:
    void add(const Place& place) {
        if (std::ranges::find(order_, place) == order_.end()) order_.push_back(place);
    }
    void offer(const Place& place) {
        if (as_wished(place) && allowed(place)) add(place);
    }

    [[nodiscard]] bool as_wished(const Place& place) const {
        const auto is = [](const std::string& wish, const std::string& value) {
            return wish.empty() || wish == value;
        };
        return is(wish_.provider, place.provider) && is(wish_.region, place.region) &&
               is(wish_.type, place.type);
    }

    [[nodiscard]] bool allowed(const Place& place) const {
        if (!rules_.plan) return true;
        const bool type = !wish_.type.empty() || holds(rules_.plan->server_types, place.type);
        const bool region = !wish_.region.empty() || holds(rules_.plan->regions, place.region);
        return type && region && (!rules_.plan->eu_only || in_eu(place));
    }

    [[nodiscard]] bool in_eu(const Place& place) const { return is_in_eu(place, catalogue_); }

    void other_types(const Place& first) {
        if (rules_.plan && !rules_.plan->server_types.empty()) {
            for (const auto& type : rules_.plan->server_types) {
                const Place place{first.provider, first.region, type};
                // A plan may name types of several providers.
                if (find(catalogue_, place) != nullptr) offer(place);
            }
            return;
        }
        const auto* wanted = find(catalogue_, first);
        if (wanted == nullptr) return;
        std::vector<const KnownPlace*> larger;
        for (const auto& known : catalogue_) {
            const bool same_kind = known.place.provider == first.provider &&
                                   known.place.region == first.region &&
                                   known.architecture == wanted->architecture;
            const bool enough =
                known.cores >= wanted->cores && known.memory_gb >= wanted->memory_gb;
            if (same_kind && enough && known.place != first) larger.push_back(&known);
        }
        std::ranges::stable_sort(larger, {}, [](const KnownPlace* known) { return known->price; });
        if (larger.size() > most_larger_types) larger.resize(most_larger_types);
        for (const auto* known : larger) offer(known->place);
    }

    void other_regions(const Place& first) {
        std::vector<const KnownPlace*> elsewhere;
        for (const auto& known : catalogue_) {
            const bool same_kind =
                known.place.provider == first.provider && known.place.type == first.type;
            if (same_kind && known.place.region != first.region) elsewhere.push_back(&known);
        }
        // Near ones first: on the same side of the EU's border.
        const bool first_in_eu = in_eu(first);
        std::ranges::stable_partition(
            elsewhere, [&](const KnownPlace* known) { return in_eu(known->place) == first_in_eu; });
        for (const auto* known : elsewhere) offer(known->place);
    }

    /// The plan allows neither the first place nor one like it: what else the provider has, the
    /// cheapest first.
    void anything(const Place& first) {
        std::vector<const KnownPlace*> all;
        for (const auto& known : catalogue_) {
            if (known.place.provider == first.provider) all.push_back(&known);
        }
        std::ranges::stable_sort(all, {}, [](const KnownPlace* known) { return known->price; });
        for (const auto* known : all) offer(known->place);
    }

    const PlaceWish& wish_;
    const PlacementRules& rules_;
    std::span<const KnownPlace> catalogue_;
    std::vector<Place> order_;
};

}  // namespace

std::string_view why_text(const TriedPlace& tried) {
    if (tried.why != ErrorKind::quota_exceeded) return "sold out";
    return tried.code == code_cost_ceiling ? "the operator's limit on costs is reached"
                                           : "the account may have no more servers";
}

std::string place_text(const Place& place) {
    return fmt::format("{} in {} at {}", place.type, place.region, place.provider);
}

std::optional<Place> parse_place(std::string_view text) {
    const auto first = text.find('/');
    if (first == std::string_view::npos) return std::nullopt;
    const auto second = text.find('/', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    Place place{std::string(text.substr(0, first)),
                std::string(text.substr(first + 1, second - first - 1)),
                std::string(text.substr(second + 1))};
    for (const auto* part : {&place.provider, &place.region, &place.type}) {
        if (check_provider_word(*part)) return std::nullopt;
    }
    return place;
}

bool is_eu_country(std::string_view country) {
    return std::ranges::find(eu_countries, country) != eu_countries.end();
}

bool is_eu_region(std::string_view region) {
    return std::ranges::find(eu_regions, region) != eu_regions.end();
}

bool is_in_eu(const Place& place, std::span<const KnownPlace> catalogue) {
    // A region has one country, whatever is sold there.
    const auto known = std::ranges::find_if(catalogue, [&](const KnownPlace& one) {
        return one.place.provider == place.provider && one.place.region == place.region &&
               !one.country.empty();
    });
    return known == catalogue.end() ? is_eu_region(place.region) : is_eu_country(known->country);
}

bool plan_has(const Plan& plan, const Place& place, std::span<const KnownPlace> catalogue) {
    return holds(plan.server_types, place.type) && holds(plan.regions, place.region) &&
           (!plan.eu_only || is_in_eu(place, catalogue));
}

Wrong check_eu(PlanName name, const Plan& plan, const Place& place,
               std::span<const KnownPlace> catalogue) {
    if (!plan.eu_only || place.region.empty() || is_in_eu(place, catalogue)) return std::nullopt;
    std::set<std::string> inside;
    for (const auto& known : catalogue) {
        if (known.place.provider == place.provider && is_in_eu(known.place, catalogue) &&
            holds(plan.regions, known.place.region)) {
            inside.insert(known.place.region);
        }
    }
    auto text = fmt::format("is outside the European Union, where the plan {} keeps its servers",
                            base::to_text(name));
    if (!inside.empty()) text += fmt::format("; inside are {}", fmt::join(inside, ", "));
    return text;
}

std::vector<Place> placement_order(const PlaceWish& wish, const PlacementRules& rules,
                                   std::span<const KnownPlace> catalogue) {
    return Search(wish, rules, catalogue).order();
}

base::Error no_allowed_place(const Place& first, bool catalogue_known) {
    base::Error error{.effect = base::Effect::none};
    error.code = "no_allowed_place";
    if (!catalogue_known) {
        error.kind = ErrorKind::unavailable;
        error.message =
            fmt::format("The plan does not allow {}, and {} does not say now what else it has.",
                        place_text(first), first.provider);
        error.next_action = "Wait: it is tried again.";
        return error;
    }
    error.kind = ErrorKind::invalid;
    error.message = fmt::format("The plan does not allow {}, and no other place that can be had.",
                                place_text(first));
    error.next_action =
        "Choose a region and a server type that the plan allows, or ask the operator for another "
        "plan.";
    return error;
}

bool is_about_place(const base::Error& error) {
    return error.effect == base::Effect::none &&
           (error.kind == ErrorKind::out_of_stock || error.kind == ErrorKind::quota_exceeded);
}

std::optional<Place> next_place(std::span<const Place> order, std::span<const TriedPlace> tried) {
    for (const auto& place : order) {
        const bool in_vain = std::ranges::any_of(tried, [&](const TriedPlace& one) {
            return one.place == place ||
                   (one.why == ErrorKind::quota_exceeded && one.place.provider == place.provider);
        });
        if (!in_vain) return place;
    }
    return std::nullopt;
}

base::Error nowhere(std::span<const TriedPlace> tried, base::Error last) {
    if (tried.size() < 2) return last;
    std::string list;
    bool sold_out = false;
    bool limited = false;
    for (const auto& one : tried) {
        list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", place_text(one.place),
                            why_text(one));
        const bool is_limit = one.why == ErrorKind::quota_exceeded;
        (is_limit ? limited : sold_out) = true;
    }
    // What is sold out now may be had later; of a quota only a person gets more.
    if (sold_out) last.kind = ErrorKind::out_of_stock;
    last.message = fmt::format("No server could be had in {} places: {}.", tried.size(), list);
    if (!sold_out) {
        last.next_action = "Tell the operator, or deploy again when servers were given back.";
    } else if (limited) {
        last.next_action =
            "Wait, choose another region or server type, or tell the operator of the limits.";
    } else {
        last.next_action = "Wait, or choose another region or server type.";
    }
    return last;
}

}  // namespace hatchery::core
