#pragma once

#include "providers/cloud_provider.hpp"
#include "scripted_transport.hpp"

namespace hatchery::fuzz {

/// What an answer may say and what it must not.
template <typename T>
void check_answer(const base::Result<T>& result) {
    if (!result) must(!result.error().message.empty(), "an error says something");
}

inline void check_server(const providers::CloudServer& server) {
    must(!server.provider_server_id.empty(), "a server has an id");
    must(server.provider_server_id.find_first_not_of("0123456789") == std::string::npos,
         "an id is safe in a path");
}

/// Puts every question to the provider that the script can answer, each from its beginning.
template <typename Make>
void ask_everything(std::string_view script, const Make& make) {
    using providers::ResourceKind;
    StillClock clock;
    const auto call = base::Call::within(std::chrono::seconds(5));
    const auto ask = [&](const auto& question) {
        ScriptedTransport http(script);
        const auto provider = make(http, clock);
        question(*provider);
        const auto budget = provider->budget();
        must(!budget || budget->limit >= 0, "a budget is none below zero");
    };
    ask([&](auto& cloud) {
        const auto made = cloud.create_server({.name = "n",
                                               .region = "r",
                                               .type = "t",
                                               .image = "i",
                                               .labels = {{"hatchery-bot", "b"}},
                                               .user_data = base::Secret("u"),
                                               .ssh_keys = {}},
                                              call);
        check_answer(made);
        if (made) check_server(*made);
    });
    ask([&](auto& cloud) {
        const auto found = cloud.find_server("n", call);
        check_answer(found);
        if (found && *found) check_server(**found);
    });
    ask([&](auto& cloud) {
        const auto found = cloud.get_server("7", call);
        check_answer(found);
        if (found && *found) check_server(**found);
    });
    ask([&](auto& cloud) {
        const auto listed = cloud.list_servers("l", "v", call);
        check_answer(listed);
        if (!listed) return;
        for (const auto& server : *listed) check_server(server);
    });
    ask([&](auto& cloud) {
        const auto seen = cloud.actions(std::vector<std::string>{"7", "8"}, call);
        check_answer(seen);
        if (!seen) return;
        for (const auto& action : *seen) {
            must(!action.id.empty(), "an action has an id");
            must(action.progress_percent >= 0 && action.progress_percent <= 100,
                 "progress is a percentage");
        }
    });
    ask([&](auto& cloud) { check_answer(cloud.delete_server("7", call)); });
    ask([&](auto& cloud) {
        check_answer(cloud.change_power("7", providers::PowerAction::on, call));
    });
    ask([&](auto& cloud) { check_answer(cloud.offers(call)); });
    ask([&](auto& cloud) { check_answer(cloud.images(call)); });
    ask([&](auto& cloud) { check_answer(cloud.limits(call)); });
    ask([&](auto& cloud) {
        check_answer(cloud.create_firewall(
            {.name = "f", .applies_to = {"l", "v"}, .ssh_sources = {"0.0.0.0/0"}}, call));
    });
    ask([&](auto& cloud) { check_answer(cloud.idle_addresses(call)); });
    for (const auto kind : {ResourceKind::snapshot, ResourceKind::firewall, ResourceKind::ssh_key,
                            ResourceKind::primary_ip, ResourceKind::floating_ip}) {
        ask([&](auto& cloud) { check_answer(cloud.list_resources(kind, "l", "v", call)); });
    }
}

}  // namespace hatchery::fuzz
