#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_value.hpp"
#include "config/readers.hpp"
#include "core/network.hpp"
#include "core/requirements.hpp"

namespace hatchery::config {

namespace {

/// A mistyped name would bound nothing, and be a place that is never tried.
bool is_provider(std::string_view name) {
    constexpr auto known = std::to_array<std::string_view>({"hetzner", "digitalocean", "static"});
    return std::ranges::find(known, name) != known.end();
}

}  // namespace

Wrong read_capabilities(const std::string& text, Config& config) {
    const auto json = base::parse_json(text, 16U << 10U);
    if (!json) return "must be a JSON object such as {\"region\": \"fsn1\", \"memoryGb\": 64}";
    if (const auto checked = core::check_capabilities(*json); !checked) {
        return "is wrong: " + checked.error().message;
    }
    config.capabilities = text;
    return std::nullopt;
}

Wrong read_scale_command(const std::string& text, Config& config) {
    if (text.find_first_of("'\"\\$`|;&<>") != std::string::npos) {
        return "is not read by a shell: give a program and plain arguments, and put the rest into "
               "a script; the number of processes becomes its last argument";
    }
    std::string_view rest = text;
    while (true) {
        const auto begin = rest.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(begin);
        config.scale_command.emplace_back(rest.substr(0, rest.find(' ')));
        rest.remove_prefix(config.scale_command.back().size());
    }
}

Wrong read_alarm_url(const std::string& text, Config& config) {
    std::string url;
    if (auto wrong = read_service_url(text, url)) return wrong;
    if (url.find_first_of("%{}") != std::string::npos) return "must hold no '%', '{' or '}'";
    config.alarm_webhook_url = base::Secret(std::move(url));
    return std::nullopt;
}

Wrong read_alarm_secret(const std::string& text, Config& config) {
    if (text.size() < 16)
        return "must have 16 characters at least; make one with: openssl rand -hex 32";
    return read_secret(text, config.alarm_webhook_secret);
}

Wrong read_provider(const std::string& text, Config& config) {
    if (text != "hetzner" && text != "digitalocean" && text != "static") {
        return "must be hetzner, digitalocean or static";
    }
    config.provider = text;
    return std::nullopt;
}

Wrong read_places(const std::string& text, Config& config) {
    for (const std::string_view one : comma_list(text)) {
        const auto place = core::parse_place(one);
        if (!place || !is_provider(place->provider)) {
            return "must be a list of provider/region/type such as "
                   "hetzner/nbg1/cx23,digitalocean/fra1/s-1vcpu-2gb";
        }
        config.places.push_back(*place);
    }
    return std::nullopt;
}

Wrong read_cost_ceilings(const std::string& text, Config& config) {
    for (const std::string_view pair : comma_list(text)) {
        const auto equals = pair.find('=');
        const auto amount =
            equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
        double value = 0;
        const auto read = std::from_chars(amount.data(), amount.data() + amount.size(), value,
                                          std::chars_format::fixed);
        const bool whole = read.ec == std::errc{} && read.ptr == amount.data() + amount.size();
        const auto provider = pair.substr(0, equals);
        if (!is_provider(provider) || !whole || value < 0 || value > 1e9) {
            return "must be like hetzner=500,digitalocean=300.50: a month's costs in the "
                   "provider's currency";
        }
        config.cost_ceilings[std::string(provider)] = value;
    }
    return std::nullopt;
}

Wrong read_ssh_sources(const std::string& text, Config& config) {
    constexpr std::size_t most_sources = 100;
    constexpr auto wrong =
        "must be 1 to 100 addresses or networks like 192.0.2.7,198.51.100.0/24,2001:db8::/32";
    config.ssh_sources.clear();
    for (const std::string_view part : comma_list(text)) {
        if (!core::parse_network(part)) return wrong;
        std::string source(part);
        if (source.find('/') == std::string::npos) {
            source += source.find(':') == std::string::npos ? "/32" : "/128";
        }
        config.ssh_sources.push_back(std::move(source));
    }
    if (config.ssh_sources.empty() || config.ssh_sources.size() > most_sources) return wrong;
    return std::nullopt;
}

Wrong read_stray_servers(const std::string& text, Config& config) {
    if (text != "destroy" && text != "report") return "must be destroy or report";
    config.destroy_strays = text == "destroy";
    return std::nullopt;
}

Wrong read_version(const std::string& text, Config& config) {
    const auto parts = std::count(text.begin(), text.end(), '.');
    const bool fits = parts == 2 && text.front() != '.' && text.back() != '.' &&
                      text.find("..") == std::string::npos &&
                      only(text.substr(0, text.find('-')), "0123456789.") && printable(text) &&
                      text.find('/') == std::string::npos;
    if (!fits) return "must be a version such as 2026.9.6";
    config.openclaw_version = text;
    return std::nullopt;
}

Wrong read_aliases(const std::string& text, Config& config) {
    for (const std::string_view pair : comma_list(text)) {
        const auto equals = pair.find('=');
        const auto slash = pair.find('/');
        if (equals == std::string_view::npos || equals == 0 || slash == std::string_view::npos ||
            slash <= equals + 1 || slash + 1 == pair.size() || !printable(pair)) {
            return "must be like claude-opus=anthropic/claude-opus-5,gpt-5=openai/gpt-5.6";
        }
        config.model_aliases[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
    }
    return std::nullopt;
}

}  // namespace hatchery::config
