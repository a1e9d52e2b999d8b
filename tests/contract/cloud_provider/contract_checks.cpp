#include "contract/cloud_provider/contract_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "support/catch.hpp"

namespace hatchery::contract {

namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;
using providers::Capability;
using providers::CloudServer;
using providers::CloudServerStatus;
using providers::ResourceKind;

base::Call soon() { return base::Call::within(60s); }

CloudServer must_create(CloudWorld& world, const std::string& name) {
    auto created = world.provider().create_server(world.plain_request(name), soon());
    if (!created) FAIL("create failed: " << created.error().message);
    return *created;
}

base::Error must_fail_to_create(CloudWorld& world, const std::string& name) {
    auto created = world.provider().create_server(world.plain_request(name), soon());
    REQUIRE_FALSE(created);
    return created.error();
}

template <typename Answer>
void must_be_not_offered(const Answer& answer) {
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind == ErrorKind::invalid);
    CHECK(answer.error().effect == Effect::none);
    CHECK(answer.error().code == providers::code_not_offered);
}

void created_as_asked(CloudWorld& world) {
    const auto request = world.plain_request("hatchery-one");
    const CloudServer server = must_create(world, request.name);
    CHECK_FALSE(server.provider_server_id.empty());
    CHECK(server.name == request.name);
    CHECK(server.labels == request.labels);
    CHECK(server.region == request.region);
    CHECK(server.type == request.type);
    CHECK(server.status != CloudServerStatus::unknown);
    CHECK(server.created_at > base::TimePoint{});
    CHECK_FALSE(server.price_hourly.empty());
    CHECK_FALSE(server.price_monthly.empty());
    CHECK(server.price_currency == world.currency());

    const auto found = world.provider().find_server(request.name, soon());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->provider_server_id == server.provider_server_id);
    CHECK((*found)->labels == request.labels);
    const auto shown = world.provider().get_server(server.provider_server_id, soon());
    REQUIRE(shown);
    REQUIRE(*shown);
    CHECK((*shown)->name == request.name);
}

void boots(CloudWorld& world) {
    const CloudServer server = must_create(world, "hatchery-boots");
    CHECK(world.runs_in_time(server.provider_server_id));
    const auto running = world.provider().get_server(server.provider_server_id, soon());
    REQUIRE(running);
    REQUIRE(*running);
    CHECK_FALSE((*running)->public_ip.empty());
    // An address that was told at once is the one that it keeps.
    CHECK((server.public_ip.empty() || server.public_ip == (*running)->public_ip));
}

void name_is_taken(CloudWorld& world) {
    const CloudServer first = must_create(world, "hatchery-twice");
    if (!world.provider().has_unique_names()) {
        const CloudServer second = must_create(world, "hatchery-twice");
        CHECK(second.provider_server_id != first.provider_server_id);
        const auto found = world.provider().find_server("hatchery-twice", soon());
        REQUIRE(found);
        REQUIRE(*found);
        CHECK((*found)->provider_server_id == first.provider_server_id);
        return;
    }
    const auto error = must_fail_to_create(world, "hatchery-twice");
    CHECK(error.kind == ErrorKind::conflict);
    CHECK(error.code == "uniqueness_error");
    CHECK(error.effect == Effect::none);
}

void lost_answer(CloudWorld& world) {
    world.lose_next_create_answer();
    const auto error = must_fail_to_create(world, "hatchery-lost");
    CHECK(error.kind == ErrorKind::unavailable);
    CHECK(error.effect == Effect::unknown);
    const auto found = world.provider().find_server("hatchery-lost", soon());
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->labels == world.plain_request("hatchery-lost").labels);
    if (!world.provider().has_unique_names()) return;
    CHECK(must_fail_to_create(world, "hatchery-lost").code == "uniqueness_error");
}

void refusals(CloudWorld& world) {
    for (const Refusal& row : world.refusals()) {
        CAPTURE(row.status, row.code);
        world.refuse_next(Method::create, row.status, row.code);
        const auto error = must_fail_to_create(world, "hatchery-refused");
        CHECK(error.kind == row.kind);
        CHECK(error.effect == row.effect);
        CHECK(error.code == row.code);
        CHECK(error.retry_after.has_value() == (row.kind == ErrorKind::rate_limited));
    }
    CHECK_FALSE(world.provider().find_server("hatchery-refused", soon())->has_value());
}

void failed_look_ups(CloudWorld& world) {
    world.refuse_next(Method::find, 503, "unavailable");
    const auto found = world.provider().find_server("x", soon());
    REQUIRE_FALSE(found);
    CHECK(found.error().kind == ErrorKind::unavailable);
    world.refuse_next(Method::list, 500, "server_error");
    CHECK_FALSE(world.provider().list_servers("installation", "one", soon()));
    world.refuse_next(Method::get, 504, "timeout");
    CHECK_FALSE(world.provider().get_server("1", soon()));
}

void out_of_stock(CloudWorld& world) {
    const auto request = world.plain_request("hatchery-stock");
    world.set_out_of_stock(request.type, request.region);
    const auto error = must_fail_to_create(world, request.name);
    CHECK(error.kind == ErrorKind::out_of_stock);
    CHECK(error.effect == Effect::none);
    auto elsewhere = request;
    elsewhere.region = world.other_region();
    CHECK(world.provider().create_server(elsewhere, soon()));
}

void quota(CloudWorld& world) {
    world.set_max_servers(1);
    must_create(world, "hatchery-first");
    const auto error = must_fail_to_create(world, "hatchery-second");
    CHECK(error.kind == ErrorKind::quota_exceeded);
    CHECK(error.effect == Effect::none);
}

void rate_limit(CloudWorld& world) {
    if (!world.provider().can(Capability::request_limits)) {
        must_create(world, "hatchery-unlimited");
        CHECK_FALSE(world.provider().budget());
        return;
    }
    world.exhaust_requests();
    const auto error = must_fail_to_create(world, "hatchery-limited");
    CHECK(error.kind == ErrorKind::rate_limited);
    CHECK(error.effect == Effect::none);
    REQUIRE(error.retry_after);
    CHECK(*error.retry_after >= 1s);
    CHECK(*error.retry_after <= 60s);
}

void listed_by_label(CloudWorld& world) {
    // One more than a page, and a neighbour's server that must not be touched.
    std::set<std::string> names;
    const int count = world.page_size() + 1;
    for (int i = 0; i < count; ++i) {
        names.insert(must_create(world, fmt::format("hatchery-many-{}", i)).name);
    }
    auto foreign = world.plain_request("hatchery-foreign");
    foreign.labels["installation"] = "two";
    REQUIRE(world.provider().create_server(foreign, soon()));
    const auto listed = world.provider().list_servers("installation", "one", soon());
    REQUIRE(listed);
    std::set<std::string> found;
    for (const CloudServer& server : *listed) found.insert(server.name);
    CHECK(listed->size() == static_cast<std::size_t>(count));
    CHECK(found == names);
    CHECK(world.provider().list_servers("installation", "three", soon())->empty());
    // Whoever made them.
    const auto project = world.provider().list_project(soon());
    REQUIRE(project);
    found.clear();
    for (const CloudServer& server : *project) found.insert(server.name);
    names.insert("hatchery-foreign");
    CHECK(project->size() == static_cast<std::size_t>(count + 1));
    CHECK(found == names);
    CHECK(world.provider().list_servers("installation", "two", soon())->size() == 1);
}

void looked_at(CloudWorld& world) {
    providers::WantedServers wanted{
        .of_all = {"installation", "one"}, .label = "server", .servers = {}};
    std::set<std::string> ids;
    const auto make = [&](const std::string& name) {
        auto request = world.plain_request(name);
        request.labels["server"] = name;
        auto made = world.provider().create_server(request, soon());
        if (!made) FAIL(made.error().message);
        return made->provider_server_id;
    };
    CHECK(world.provider().look_at(wanted, soon())->empty());
    (void)make("hatchery-unwanted");
    for (const auto* name : {"hatchery-seen-a", "hatchery-seen-b"}) {
        ids.insert(make(name));
        wanted.servers.push_back({.provider_server_id = *ids.rbegin(), .label_value = name});
    }
    wanted.servers.push_back({.provider_server_id = "999999999", .label_value = "hatchery-gone"});
    const auto seen = world.provider().look_at(wanted, soon());
    if (!seen) FAIL(seen.error().message);
    std::set<std::string> found;
    for (const CloudServer& server : *seen) found.insert(server.provider_server_id);
    CHECK(found == ids);
}

void deleted(CloudWorld& world) {
    const CloudServer server = must_create(world, "hatchery-gone");
    REQUIRE(world.runs_in_time(server.provider_server_id));
    REQUIRE(world.provider().delete_server(server.provider_server_id, soon()));
    CHECK(world.provider().delete_server(server.provider_server_id, soon()));
    CHECK(world.provider().delete_server("999999999", soon()));
    // Gone, or on its way.
    const auto shown = world.provider().get_server(server.provider_server_id, soon());
    REQUIRE(shown);
    CHECK((!*shown || (*shown)->status == CloudServerStatus::deleting));
}

void locked_while_busy(CloudWorld& world) {
    const CloudServer server = must_create(world, "hatchery-locked");
    REQUIRE(world.runs_in_time(server.provider_server_id));
    if (!world.lock_next_delete()) {
        CHECK(world.provider().delete_server(server.provider_server_id, soon()));
        return;
    }
    const auto refused = world.provider().delete_server(server.provider_server_id, soon());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::conflict);
    CHECK(refused.error().effect == Effect::none);
    CHECK(world.provider().get_server(server.provider_server_id, soon())->has_value());
    CHECK(world.provider().delete_server(server.provider_server_id, soon()));
}

void absent(CloudWorld& world) {
    CHECK_FALSE(world.provider().find_server("hatchery-nobody", soon())->has_value());
    CHECK_FALSE(world.provider().get_server("999999999", soon())->has_value());
    CHECK(world.provider().list_servers("installation", "one", soon())->empty());
}

void offers(CloudWorld& world) {
    const auto offers = world.provider().offers(soon());
    REQUIRE(offers);
    const auto request = world.plain_request("x");
    const auto found = std::ranges::find_if(*offers, [&](const providers::Offer& offer) {
        return offer.type == request.type && offer.region == request.region;
    });
    REQUIRE(found != offers->end());
    CHECK(found->cores > 0);
    CHECK(found->memory_gb > 0);
    CHECK(found->disk_gb > 0);
    CHECK(found->available);
    CHECK(found->architecture == "x86");
    CHECK_FALSE(found->region_description.empty());
    CHECK_FALSE(found->price_monthly.empty());
    CHECK_FALSE(found->price_hourly.empty());
    CHECK(found->price_currency == world.currency());
    CHECK(found->country == "DE");
}

void power(CloudWorld& world) {
    const CloudServer server = must_create(world, "hatchery-power");
    REQUIRE(world.runs_in_time(server.provider_server_id));
    auto& provider = world.provider();
    if (!provider.can(Capability::power)) {
        must_be_not_offered(
            provider.change_power(server.provider_server_id, providers::PowerAction::off, soon()));
        CHECK(world.comes_to(server.provider_server_id, CloudServerStatus::running));
        return;
    }
    const auto& id = server.provider_server_id;
    REQUIRE(provider.change_power(id, providers::PowerAction::off, soon()));
    REQUIRE(world.comes_to(id, CloudServerStatus::off));
    REQUIRE(provider.change_power(id, providers::PowerAction::on, soon()));
    REQUIRE(world.comes_to(id, CloudServerStatus::running));
    CHECK(provider.change_power(id, providers::PowerAction::reboot, soon()));
    CHECK(provider.change_power(id, providers::PowerAction::reset, soon()));
    CHECK(provider.change_power(id, providers::PowerAction::shutdown, soon()));
    const auto gone = provider.change_power("999999999", providers::PowerAction::on, soon());
    REQUIRE_FALSE(gone);
    CHECK(gone.error().kind == ErrorKind::not_found);
    CHECK(gone.error().effect == Effect::none);
}

void catalogue_and_account(CloudWorld& world) {
    const auto images = world.provider().images(soon());
    REQUIRE(images);
    const auto wanted = world.plain_request("x").image;
    const auto has_it = [&](const providers::CloudImage& image) { return image.name == wanted; };
    CHECK(std::ranges::any_of(*images, has_it));
    world.set_max_servers(7);
    const auto limits = world.provider().limits(soon());
    REQUIRE(limits);
    CHECK(limits->max_servers.value_or(7) == 7);
    CHECK(limits->locked_because.empty());
}

using Resources = std::vector<providers::CloudResource>;

Resources must_list(CloudWorld& world, ResourceKind kind, const std::string& value) {
    auto listed = world.provider().list_resources(kind, "installation", value, soon());
    if (!listed) FAIL("list failed: " << listed.error().message);
    return *std::move(listed);
}

/// The provider has nothing of a kind, and says so whatever it is asked.
void no_resources(CloudWorld& world, ResourceKind kind) {
    must_be_not_offered(world.provider().list_resources(kind, "installation", "one", soon()));
    must_be_not_offered(world.provider().delete_resource(kind, "1", soon()));
}

void firewalls(CloudWorld& world) {
    providers::CreateFirewall request{.name = "hatchery-ssh",
                                      .applies_to = {"installation", "one"},
                                      .ssh_sources = {"192.0.2.0/24", "2001:db8::/32"}};
    auto& provider = world.provider();
    if (!provider.can(Capability::firewalls)) {
        must_be_not_offered(provider.create_firewall(request, soon()));
        must_be_not_offered(provider.update_firewall("1", request, soon()));
        return no_resources(world, ResourceKind::firewall);
    }
    const auto made = provider.create_firewall(request, soon());
    if (!made) FAIL(made.error().message);
    CHECK_FALSE(made->id.empty());
    const auto again = provider.create_firewall(request, soon());
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::conflict);
    CHECK(again.error().effect == Effect::none);
    auto listed = must_list(world, ResourceKind::firewall, "one");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].id == made->id);
    CHECK(listed[0].name == request.name);
    CHECK(listed[0].labels.at("installation") == "one");
    CHECK(listed[0].ssh_sources == request.ssh_sources);
    CHECK(listed[0].applies_to ==
          std::vector<std::pair<std::string, std::string>>{request.applies_to});
    CHECK(must_list(world, ResourceKind::firewall, "two").empty());

    must_create(world, "hatchery-covered");
    request.ssh_sources = {"198.51.100.7/32"};
    REQUIRE(provider.update_firewall(made->id, request, soon()));
    CHECK(must_list(world, ResourceKind::firewall, "one").at(0).ssh_sources == request.ssh_sources);
    REQUIRE(provider.delete_resource(ResourceKind::firewall, made->id, soon()));
    CHECK(must_list(world, ResourceKind::firewall, "one").empty());
    CHECK(provider.delete_resource(ResourceKind::firewall, made->id, soon()));
}

void ssh_keys(CloudWorld& world) {
    const providers::CreateSshKey request{
        .name = "hatchery-key",
        .public_key =
            "ssh-ed25519 "
            "AAAAC3NzaC1lZDI1NTE5AAAAIJ1lmvRjJ0fOsxhS/3QcE6Q0w3fH7sW9zX2v1b8nM4kL",
        .label = {"installation", "one"}};
    auto& provider = world.provider();
    if (!provider.can(Capability::ssh_keys)) {
        CHECK_FALSE(provider.wants_ssh_key());
        must_be_not_offered(provider.create_ssh_key(request, soon()));
        return no_resources(world, ResourceKind::ssh_key);
    }
    const auto made = provider.create_ssh_key(request, soon());
    if (!made) FAIL(made.error().message);
    const auto again = provider.create_ssh_key(request, soon());
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == ErrorKind::conflict);
    const auto listed = must_list(world, ResourceKind::ssh_key, "one");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].id == made->id);
    CHECK(listed[0].name == request.name);
    auto server = world.plain_request("hatchery-keyed");
    server.ssh_keys = {made->id};
    CHECK(provider.create_server(server, soon()));
    REQUIRE(provider.delete_resource(ResourceKind::ssh_key, made->id, soon()));
    CHECK(must_list(world, ResourceKind::ssh_key, "one").empty());
    CHECK(provider.delete_resource(ResourceKind::ssh_key, made->id, soon()));
}

void addresses(CloudWorld& world) {
    auto& provider = world.provider();
    for (const auto kind : {ResourceKind::primary_ip, ResourceKind::floating_ip}) {
        if (!provider.can(Capability::addresses)) {
            no_resources(world, kind);
            continue;
        }
        // Those that servers come with are nobody's: they bear no label, and go with the server.
        must_create(world, "hatchery-" + std::string(base::to_text(kind)).substr(0, 5));
        CHECK(must_list(world, kind, "one").empty());
        const auto id = world.add_address(kind, {{"installation", "one"}, {"server", "some"}});
        const auto other = world.add_address(kind, {{"installation", "two"}});
        const auto listed = must_list(world, kind, "one");
        REQUIRE(listed.size() == 1);
        CHECK(listed[0].kind == kind);
        CHECK(listed[0].id == id);
        CHECK_FALSE(listed[0].name.empty());
        CHECK(listed[0].labels.at("server") == "some");
        CHECK_FALSE(listed[0].in_use);
        CHECK(listed[0].region == "fsn1");
        CHECK(std::stod(listed[0].price_monthly) > 0);
        CHECK(listed[0].price_currency == world.currency());
        REQUIRE(provider.delete_resource(kind, id, soon()));
        CHECK(must_list(world, kind, "one").empty());
        CHECK(provider.delete_resource(kind, id, soon()));
        CHECK(must_list(world, kind, "two").at(0).id == other);
    }
}

void idle_addresses(CloudWorld& world) {
    const auto bare = world.add_bare_address();
    const auto idle = world.provider().idle_addresses(soon());
    REQUIRE(idle);
    CHECK(idle->size() == (bare.empty() ? 0 : 1));
    if (bare.empty() || idle->empty()) return;
    CHECK(idle->front().kind == ResourceKind::floating_ip);
    CHECK(idle->front().id == bare);
    CHECK(idle->front().region == "fra1");
    CHECK_FALSE(idle->front().in_use);
}

void snapshots(CloudWorld& world) {
    const CloudServer server = must_create(world, "hatchery-model");
    REQUIRE(world.runs_in_time(server.provider_server_id));
    auto& provider = world.provider();
    if (!provider.can(Capability::snapshots)) {
        must_be_not_offered(provider.create_snapshot({}, soon()));
        return no_resources(world, ResourceKind::snapshot);
    }
    const auto made =
        provider.create_snapshot({.provider_server_id = server.provider_server_id,
                                  .name = "hatchery-golden",
                                  .labels = {{"installation", "one"}, {"bundle", "v1"}}},
                                 soon());
    if (!made) FAIL(made.error().message);
    const auto listed = must_list(world, ResourceKind::snapshot, "one");
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].name == "hatchery-golden");
    CHECK(listed[0].labels.at("bundle") == "v1");
    CHECK(listed[0].ready);
    CHECK(listed[0].size_gb > 0);
    CHECK(listed[0].created_at);
    CHECK(must_list(world, ResourceKind::snapshot, "two").empty());
    auto copy = world.plain_request("hatchery-copy");
    copy.image = listed[0].id;
    CHECK(provider.create_server(copy, soon()));
    REQUIRE(provider.delete_resource(ResourceKind::snapshot, listed[0].id, soon()));
    CHECK(must_list(world, ResourceKind::snapshot, "one").empty());
    CHECK(provider.delete_resource(ResourceKind::snapshot, listed[0].id, soon()));
}

void stopped(CloudWorld& world) {
    std::stop_source stop;
    stop.request_stop();
    const base::Call call = base::Call::within(60s, stop.get_token());
    const auto created = world.provider().create_server(world.plain_request("hatchery-x"), call);
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == ErrorKind::cancelled);
    CHECK(created.error().effect == Effect::none);
    const auto late = world.provider().delete_server("1", base::Call::within(0ms));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == ErrorKind::timeout);
    CHECK_FALSE(world.provider().find_server("hatchery-x", soon())->has_value());
}

constexpr auto checks = std::to_array<Check>({
    {"a server is created as asked and can be found, shown and listed", created_as_asked},
    {"a created server comes to run", boots},
    {"a taken name is a conflict without an effect", name_is_taken},
    {"a lost answer to create leaves a server that can be adopted", lost_answer},
    {"every refusal has its kind and effect", refusals},
    {"a failed look-up is an error, never an empty answer", failed_look_ups},
    {"out of stock is said, and another region still sells", out_of_stock},
    {"the account's quota is its own kind of error", quota},
    {"a rate limit says when to come again", rate_limit},
    {"a list spans pages and holds what bears the label only", listed_by_label},
    {"some servers are looked at, and no others are shown", looked_at},
    {"a create's actions tell how it stands, many at once", check_actions},
    {"an action that failed says why", check_failed_action},
    {"deleting ends a server, and a second time is a success", deleted},
    {"a locked server refuses to go and can be deleted later", locked_while_busy},
    {"what is not there is nothing, not an error", absent},
    {"offers say what can be had where and for how much", offers},
    {"power is taken and given back", power},
    {"images and the account's limits are told", catalogue_and_account},
    {"a firewall is made, changed and taken away", firewalls},
    {"an SSH key is registered once and forgotten", ssh_keys},
    {"a snapshot is made, used and deleted", snapshots},
    {"an address with a label is listed with its cost, and can be ended", addresses},
    {"an address that can bear no label is told of while no server has it", idle_addresses},
    {"nothing happens after a stop or a deadline", stopped},
});

}  // namespace

std::span<const Check> all_checks() { return checks; }

}  // namespace hatchery::contract
