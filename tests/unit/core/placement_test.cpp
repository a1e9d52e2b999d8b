#include "core/placement.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using core::KnownPlace;
using core::Place;
using core::Plan;
using core::PlanName;

namespace {

KnownPlace known(const std::string& region, const std::string& country, const std::string& type,
                 double memory_gb, double price, bool available = true) {
    return {.place = {"hetzner", region, type},
            .country = country,
            .architecture = "x86",
            .cores = 2,
            .memory_gb = memory_gb,
            .price = price,
            .available = available};
}

std::vector<KnownPlace> catalogue() {
    return {known("ash", "US", "cx23", 4, 4),  known("fsn1", "DE", "cx13", 2, 3),
            known("fsn1", "DE", "cx23", 4, 4), known("fsn1", "DE", "cx43", 16, 12),
            known("fsn1", "DE", "cx33", 8, 7), known("nbg1", "DE", "cx23", 4, 4),
            known("hel1", "FI", "cx23", 4, 4)};
}

core::PlacementRules rules() {
    return {.preferred = {"hetzner", "fsn1", "cx23"}, .others = {}, .plan = {}};
}

std::string text(const std::vector<Place>& places) {
    std::string all;
    for (const auto& place : places) {
        all += (all.empty() ? "" : " ") + place.region + "/" + place.type;
        if (place.provider != "hetzner") all += "@" + place.provider;
    }
    return all;
}

}  // namespace

TEST_CASE("a larger type of the same region comes first, then other regions, the near ones first") {
    CHECK(text(core::placement_order({}, rules(), catalogue())) ==
          "fsn1/cx23 fsn1/cx33 fsn1/cx43 nbg1/cx23 hel1/cx23 ash/cx23");
    CHECK(text(core::placement_order({}, rules(), {})) == "fsn1/cx23");
}

TEST_CASE("a region that the user asked for is never left") {
    CHECK(text(core::placement_order({.region = "nbg1"}, rules(), catalogue())) == "nbg1/cx23");
    CHECK(text(core::placement_order({.region = "fsn1"}, rules(), catalogue())) ==
          "fsn1/cx23 fsn1/cx33 fsn1/cx43");
    auto listed = rules();
    listed.others = {{"hetzner", "hel1", "cx23"}, {"digitalocean", "fra1", "s-1vcpu-2gb"}};
    CHECK(text(core::placement_order({.region = "fsn1"}, listed, catalogue())) == "fsn1/cx23");
}

TEST_CASE("a type that the user asked for is kept") {
    CHECK(text(core::placement_order({.type = "cx23"}, rules(), catalogue())) ==
          "fsn1/cx23 nbg1/cx23 hel1/cx23 ash/cx23");
}

TEST_CASE("the operator's list rules, across providers") {
    auto listed = rules();
    listed.others = {{"hetzner", "hel1", "cx33"},
                     {"hetzner", "fsn1", "cx23"},
                     {"digitalocean", "fra1", "s-1vcpu-2gb"}};
    CHECK(text(core::placement_order({}, listed, catalogue())) ==
          "fsn1/cx23 hel1/cx33 fra1/s-1vcpu-2gb@digitalocean");
    CHECK(text(core::placement_order({.provider = "hetzner"}, listed, catalogue())) ==
          "fsn1/cx23 hel1/cx33");
}

TEST_CASE("a plan binds the places, and one of the EU stays there") {
    auto bound = rules();
    bound.plan = core::Plan{.server_types = {"cx23", "cx33", "s-1vcpu-2gb"}, .regions = {}};
    CHECK(text(core::placement_order({}, bound, catalogue())) ==
          "fsn1/cx23 fsn1/cx33 nbg1/cx23 hel1/cx23 ash/cx23");
    bound.plan->eu_only = true;
    CHECK(text(core::placement_order({}, bound, catalogue())) ==
          "fsn1/cx23 fsn1/cx33 nbg1/cx23 hel1/cx23");
    bound.plan->regions = {"fsn1"};
    CHECK(text(core::placement_order({}, bound, catalogue())) == "fsn1/cx23 fsn1/cx33");
    bound.plan = core::Plan{.server_types = {"cx23"}, .regions = {}, .eu_only = true};
    bound.others = {{"hetzner", "ash", "cx23"}, {"hetzner", "hel1", "cx23"}};
    CHECK(text(core::placement_order({}, bound, {})) == "fsn1/cx23 hel1/cx23");
}

TEST_CASE("a plan of the EU never gives a place outside, also when it is the only one") {
    auto bound = rules();
    bound.plan = core::Plan{.server_types = {}, .regions = {}, .eu_only = true};
    bound.preferred.region = "ash";
    CHECK(text(core::placement_order({}, bound, catalogue())) == "fsn1/cx23 nbg1/cx23 hel1/cx23");
    CHECK(core::placement_order({}, bound, {}).empty());
    CHECK(core::placement_order({.region = "ash"}, rules(), {}).size() == 1);
    CHECK(core::placement_order({.region = "ash"}, bound, catalogue()).empty());
    bound.others = {{"hetzner", "hil", "cx23"}};
    CHECK(core::placement_order({}, bound, catalogue()).empty());
    using base::ErrorKind;
    CHECK(core::no_allowed_place(bound.preferred, true).kind == ErrorKind::invalid);
    CHECK(core::no_allowed_place(bound.preferred, false).kind == ErrorKind::unavailable);
}

TEST_CASE("a plan that allows neither the first place nor one like it gets what else there is") {
    auto bound = rules();
    bound.preferred = {"hetzner", "ash", "cx53"};
    bound.plan = core::Plan{.server_types = {"cx33", "cx43"}, .regions = {}, .eu_only = true};
    CHECK(text(core::placement_order({}, bound, catalogue())) == "fsn1/cx33 fsn1/cx43");
}

TEST_CASE("a list whose places are not to be had does not open the catalogue") {
    auto listed = rules();
    listed.listed = true;
    CHECK(text(core::placement_order({}, listed, catalogue())) == "fsn1/cx23");
}

TEST_CASE("what is known to be sold out is tried last") {
    auto sold = catalogue();
    sold[2].available = false;
    CHECK(text(core::placement_order({}, rules(), sold)) ==
          "fsn1/cx33 fsn1/cx43 nbg1/cx23 hel1/cx23 ash/cx23 fsn1/cx23");
}

TEST_CASE("after a sold out place the next comes, after a quota the next provider") {
    const std::vector<Place> order = {
        {"hetzner", "fsn1", "cx23"}, {"hetzner", "nbg1", "cx23"}, {"digitalocean", "fra1", "s-1"}};
    using base::ErrorKind;
    CHECK(core::next_place(order, {}) == order[0]);
    std::vector<core::TriedPlace> tried = {{order[0], ErrorKind::out_of_stock}};
    CHECK(core::next_place(order, tried) == order[1]);
    tried[0].why = ErrorKind::quota_exceeded;
    CHECK(core::next_place(order, tried) == order[2]);
    tried.push_back({order[2], ErrorKind::out_of_stock});
    CHECK(core::next_place(order, tried) == std::nullopt);
    const auto error = core::nowhere(tried, {.kind = ErrorKind::quota_exceeded, .message = "no"});
    CHECK(error.kind == ErrorKind::out_of_stock);
    CHECK(error.message ==
          "No server could be had in 2 places: cx23 in fsn1 at hetzner (the account may have no "
          "more servers), "
          "s-1 in fra1 at digitalocean (sold out).");
    CHECK(error.next_action ==
          "Wait, choose another region or server type, or tell the operator of the limits.");
}

TEST_CASE("what to do about a search in vain follows from why each place was none") {
    using base::ErrorKind;
    const Place here{"hetzner", "fsn1", "cx23"};
    const Place there{"digitalocean", "fra1", "s-1"};
    const auto end = [&](const core::TriedPlace& one, const core::TriedPlace& other) {
        return core::nowhere(std::vector{one, other}, {.kind = other.why, .message = "no"});
    };
    const core::TriedPlace sold_out{here, ErrorKind::out_of_stock};
    const core::TriedPlace quota{there, ErrorKind::quota_exceeded, "resource_limit_exceeded"};
    const core::TriedPlace ceiling{here, ErrorKind::quota_exceeded, core::code_cost_ceiling};
    CHECK(end(sold_out, {there, ErrorKind::out_of_stock}).next_action ==
          "Wait, or choose another region or server type.");
    const auto limited = end(ceiling, quota);
    CHECK(limited.kind == ErrorKind::quota_exceeded);
    CHECK(limited.next_action ==
          "Tell the operator, or deploy again when servers were given back.");
    CHECK(limited.message.find(
              "cx23 in fsn1 at hetzner (the operator's limit on costs is reached)") !=
          std::string::npos);
}

TEST_CASE("a place is written as three words with slashes between") {
    CHECK(core::parse_place("hetzner/fsn1/cx23") == Place{"hetzner", "fsn1", "cx23"});
    CHECK_FALSE(core::parse_place("hetzner/fsn1"));
    CHECK_FALSE(core::parse_place("hetzner//cx23"));
    CHECK_FALSE(core::parse_place("hetzner/fsn1/cx23/more"));
}

TEST_CASE("a plan has the places of its types and regions, and of the EU if it stays there") {
    const auto place = [](const char* region, const char* type) {
        return Place{"hetzner", region, type};
    };
    const std::vector<KnownPlace> known = {{.place = place("fsn1", "cx23"), .country = "DE"},
                                           {.place = place("new1", "cx23"), .country = "FR"},
                                           {.place = place("ash", "cx23"), .country = "US"}};
    const Plan any;
    CHECK(plan_has(any, place("ash", "cx23"), known));
    const Plan bound{.server_types = {"cx23"}, .regions = {"fsn1", "ash"}, .eu_only = true};
    CHECK(plan_has(bound, place("fsn1", "cx23"), known));
    CHECK_FALSE(plan_has(bound, place("fsn1", "cx33"), known));
    CHECK_FALSE(plan_has(bound, place("new1", "cx23"), known));
    CHECK_FALSE(plan_has(bound, place("ash", "cx23"), known));
}

TEST_CASE("a region outside the EU is named as such, with those inside that the plan has") {
    const std::vector<KnownPlace> known = {
        {.place = {"hetzner", "fsn1", "cx23"}, .country = "DE"},
        {.place = {"hetzner", "new1", "cx23"}, .country = "FR"},
        {.place = {"hetzner", "ash", "cpx11"}, .country = "US"},
        {.place = {"digitalocean", "ams3", "s-1vcpu-2gb"}, .country = "NL"}};
    const Plan plan{.eu_only = true};
    const auto said = [&](const char* region, std::span<const KnownPlace> catalogue) {
        return check_eu(PlanName::pro, plan, {"hetzner", region, "cx23"}, catalogue);
    };
    CHECK_FALSE(said("fsn1", known));
    CHECK_FALSE(said("new1", known));
    CHECK_FALSE(said("", known));
    CHECK(said("ash", known) ==
          "is outside the European Union, where the plan pro keeps its servers; inside are fsn1, "
          "new1");
    // A region that no catalogue knows is judged by its name.
    CHECK_FALSE(said("hel1", {}));
    CHECK(said("sin", {}));
    CHECK_FALSE(check_eu(PlanName::pro, Plan{}, {"hetzner", "ash", "cx23"}, known));
}
