#include "config/load.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "config/login.hpp"
#include "config/own_machines.hpp"
#include "config/settings.hpp"
#include "config/values.hpp"

extern char** environ;

namespace hatchery::config {

namespace {

bool is_needed(const Setting& setting, Need need) {
    if (!setting.needed_for) return false;
    if (*setting.needed_for == Need::client || need == Need::client) {
        return *setting.needed_for == need;
    }
    return *setting.needed_for <= need;
}

/// Variables that we use but do not read here: other programs of the project set or read them.
bool is_known_elsewhere(const std::string& name) {
    return name.starts_with("HATCHERY_DEMO_") || name.starts_with("HATCHERY_SANDBOX_") ||
           name.starts_with("HATCHERY_TEST_") || name == "HATCHERY_NPM_CACHE" ||
           name == "HATCHERY_LOCK_DIR";
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1,
                               diagonal + (a[i - 1] == b[j - 1] ? std::size_t{0} : 1)});
            diagonal = above;
        }
    }
    return row[b.size()];
}

std::string nearest(std::string_view name) {
    std::string_view best;
    std::size_t distance = 4;
    for (const Setting& setting : settings()) {
        if (const auto d = edit_distance(name, setting.name); d < distance) {
            distance = d;
            best = setting.name;
        }
    }
    return std::string(best);
}

void warn_of_unknown(const Variables& variables, std::vector<Problem>& warnings) {
    for (const auto& [name, value] : variables) {
        if (!name.starts_with("HATCHERY_") || is_known_elsewhere(name)) continue;
        const bool known = std::any_of(settings().begin(), settings().end(),
                                       [&](const Setting& s) { return s.name == name; });
        if (known) continue;
        const std::string meant = nearest(name);
        warnings.push_back({name, meant.empty() ? "is not a setting of Hatchery"
                                                : "is not a setting; did you mean " + meant + "?"});
    }
}

struct Found {
    std::string value;
    std::string source;
};

/// Where values come from, the strongest first.
struct Sources {
    const Variables& environment;
    const Variables& file;
    Variables login;
};

Found find_value(const Setting& setting, const Sources& sources) {
    const auto& [environment, file, login] = sources;
    const std::string name(setting.name);
    if (const auto it = environment.find(name); it != environment.end()) {
        // Set but empty counts as not set, and still hides the file: the environment wins.
        if (!it->second.empty()) return {it->second, "environment"};
    } else if (const auto line = file.find(name); line != file.end() && !line->second.empty()) {
        return {line->second, ".env"};
    }
    if (const auto it = login.find(name); it != login.end()) return {it->second, "login"};
    return {std::string(setting.fallback), "default"};
}

/// What is set for this name, in the environment or the file.
std::string set_value(const Variables& environment, const Variables& file, const char* name) {
    if (const auto it = environment.find(name); it != environment.end()) return it->second;
    const auto it = file.find(name);
    return it == file.end() ? std::string{} : it->second;
}

/// The login, if it is the one to be used: see load().
Variables login_that_counts(const Variables& environment, const Variables& file,
                            const Variables& login) {
    const auto stored = login.find("HATCHERY_API_URL");
    if (stored == login.end() || login.count("HATCHERY_TOKEN") == 0) return {};
    if (!set_value(environment, file, "HATCHERY_TOKEN").empty()) return {};
    std::string url = set_value(environment, file, "HATCHERY_API_URL");
    while (url.ends_with('/')) url.pop_back();
    return url.empty() || url == stored->second ? login : Variables{};
}

void read_setting(const Setting& setting, const Found& found, Need need, Loaded& loaded) {
    const std::string name(setting.name);
    if (found.value.empty()) {
        if (is_needed(setting, need)) {
            loaded.problems.push_back({name, "is not set; " + std::string(setting.hint)});
        }
        loaded.settings.push_back({name, "", found.source});
        return;
    }
    if (auto wrong = setting.read(found.value, loaded.config)) {
        const std::string place = found.source == ".env" ? " (in .env)" : "";
        loaded.problems.push_back({name, *wrong + place});
    }
    loaded.settings.push_back({name, setting.secret ? "set" : found.value, found.source});
}

/// Threads at most, where nobody says.
constexpr int usual_max_workers = 50;

/// Reports what is missing, unless its value was found wrong already.
void missing(Loaded& loaded, const std::string& name, const std::string& message) {
    const bool said = std::any_of(loaded.problems.begin(), loaded.problems.end(),
                                  [&](const Problem& p) { return p.where == name; });
    if (!said) loaded.problems.push_back({name, message});
}

/// How many threads and processes there may be.
void complete_pool(Loaded& loaded) {
    Config& config = loaded.config;
    if (config.workers == 0) {
        config.max_workers = 0;
    } else if (config.max_workers == 0) {
        config.max_workers = std::max(config.workers, usual_max_workers);
    } else if (config.max_workers < config.workers) {
        missing(loaded, "HATCHERY_WORKERS_MAX", "must not be below HATCHERY_WORKERS");
    }
    if (config.pool.max_workers < config.pool.min_workers) {
        missing(loaded, "HATCHERY_POOL_MAX", "must not be below HATCHERY_POOL_MIN");
    }
    config.alarms.max_workers = config.pool.max_workers;
}

/// Servers of a cloud listen where their image says, and the firewall that we give them lets in
/// nothing else; only a cloud on this machine hands another port on.
void check_ssh_port(Loaded& loaded) {
    constexpr std::uint16_t port_of_images = 22;
    const Config& config = loaded.config;
    if (config.ssh_port == port_of_images) return;
    const bool hetzner = !config.hetzner_token.empty() && !is_loopback_url(config.hetzner_url);
    const bool digitalocean =
        !config.digitalocean_token.empty() && !is_loopback_url(config.digitalocean_url);
    if (!hetzner && !digitalocean) return;
    missing(loaded, "HATCHERY_SSH_PORT",
            std::string("must be 22: servers at ") + (hetzner ? "Hetzner" : "DigitalOcean") +
                " let SSH in there only; leave it out");
}

/// What readers of events may hold must leave room for everybody else.
void check_front(Loaded& loaded) {
    const auto& front = loaded.config.front;
    if (front.streams >= front.connections) {
        missing(loaded, "HATCHERY_MAX_STREAMS", "must be below HATCHERY_MAX_CONNECTIONS");
    }
}

/// Behind a proxy on this machine everybody comes from one address, unless the proxy is believed.
void warn_of_proxy(Loaded& loaded) {
    const Config& config = loaded.config;
    if (!config.front.proxies.empty() || !config.public_url.starts_with("https://") ||
        is_loopback_url(config.public_url) || !is_loopback_host(config.listen_host)) {
        return;
    }
    loaded.warnings.push_back(
        {"HATCHERY_TRUSTED_PROXIES",
         "is not set, so all who come by the proxy before this service share the limits of one "
         "address; set it to the proxy's address, such as " +
             config.listen_host});
}

/// A plan whose users get nothing without naming a place is allowed, but hardly meant.
void warn_of_places(Loaded& loaded, core::PlanName name, std::string_view member,
                    const std::vector<std::string>& allowed, const std::string& usual) {
    if (allowed.empty() || usual.empty()) return;
    if (std::find(allowed.begin(), allowed.end(), usual) != allowed.end()) return;
    loaded.warnings.push_back(
        {"HATCHERY_PLANS", std::string(base::to_text(name)) + "." + std::string(member) +
                               " leaves out this installation's default, " + usual +
                               ": bots of this plan must name another one"});
}

/// Plans name places of this installation, and a billing service makes sense of them only if
/// somebody needs it.
void complete_plans(Loaded& loaded) {
    Config& config = loaded.config;
    config.billing.plans = core::with_default_places(std::move(config.billing.plans), config.region,
                                                     config.server_type);
    for (const auto& [name, plan] : config.billing.plans) {
        warn_of_places(loaded, name, "serverTypes", plan.server_types, config.server_type);
        warn_of_places(loaded, name, "regions", plan.regions, config.region);
    }
    const bool chosen =
        std::any_of(loaded.settings.begin(), loaded.settings.end(), [](const Shown& setting) {
            return setting.name == "HATCHERY_DEFAULT_PLAN" && setting.source != "default";
        });
    if (!config.billing_secrets.empty() && !chosen) {
        loaded.warnings.push_back(
            {"HATCHERY_DEFAULT_PLAN",
             "is not set, so users who have paid for nothing have the plan enterprise; set it to "
             "none or starter"});
    }
}

/// The list of the operator's machines names files that only the service may read.
void complete_own_machines(Loaded& loaded) {
    Config& config = loaded.config;
    const char* name = "HATCHERY_STATIC_SERVERS";
    if (!config.own_machines_file.empty()) {
        if (auto wrong = read_own_machines(config.own_machines_file, config.own_machines)) {
            return missing(loaded, name, *wrong);
        }
    }
    if (config.provider != "static") return;
    if (config.own_machines.empty()) {
        return missing(loaded, name,
                       "names no machine, and HATCHERY_PROVIDER is static; list your machines in a "
                       "file and set this to its path");
    }
    const auto& usual = config.own_machines.front();
    if (config.region.empty()) config.region = usual.region;
    if (config.server_type.empty()) config.server_type = usual.type;
}

/// Defaults and rules that concern several settings.
void complete(Loaded& loaded, Need need) {
    Config& config = loaded.config;
    if (config.api_url.empty()) {
        config.api_url = "http://127.0.0.1:" + std::to_string(config.port);
    }
    if (need == Need::service) complete_own_machines(loaded);
    const bool on_hetzner = config.provider == "hetzner";
    if (config.region.empty()) config.region = on_hetzner ? "fsn1" : "fra1";
    if (config.server_type.empty()) config.server_type = on_hetzner ? "cx23" : "s-2vcpu-4gb";
    complete_pool(loaded);
    check_front(loaded);
    warn_of_proxy(loaded);
    complete_plans(loaded);
    if (config.server_telegram_url.empty()) config.server_telegram_url = config.telegram_url;
    if (need != Need::service) return;
    check_ssh_port(loaded);
    if (config.provider == "hetzner" && config.hetzner_token.empty()) {
        missing(loaded, "HETZNER_API_TOKEN",
                "is not set; make a read-and-write token in the Hetzner Cloud console");
    }
    if (config.provider == "digitalocean" && config.digitalocean_token.empty()) {
        missing(loaded, "DIGITALOCEAN_API_TOKEN",
                "is not set; make a token with read and write scopes in DigitalOcean's console");
    }
    if (config.session.absolute < config.session.idle) {
        missing(loaded, "HATCHERY_SESSION_MAX_SECONDS",
                "must not be below HATCHERY_SESSION_IDLE_SECONDS");
    }
    if (!config.admin_emails.empty() && config.google_client_id.empty()) {
        missing(loaded, "HATCHERY_ADMIN_EMAILS",
                "makes admins of those who sign in, and nobody can without GOOGLE_CLIENT_ID");
    }
    if (config.google_client_id.empty() != config.google_client_secret.empty()) {
        missing(loaded,
                config.google_client_id.empty() ? "GOOGLE_CLIENT_ID" : "GOOGLE_CLIENT_SECRET",
                "is not set; sign-in with Google needs both the id and the secret");
    }
}

Variables process_environment() {
    Variables variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view pair = *entry;
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) continue;
        variables.emplace(pair.substr(0, equals), pair.substr(equals + 1));
    }
    return variables;
}

DotEnv read_dotenv_here() {
    std::ifstream file(".env", std::ios::binary);
    if (!file) {
        if (errno == ENOENT) return {};
        DotEnv unreadable;
        unreadable.problems.push_back({".env", std::string("cannot be read: ") + strerror(errno)});
        return unreadable;
    }
    std::ostringstream text;
    text << file.rdbuf();
    return parse_dotenv(text.str());
}

}  // namespace

Loaded load(const Variables& environment, const DotEnv& dotenv, Need need, const DotEnv& login) {
    Loaded loaded;
    loaded.problems = dotenv.problems;
    Sources sources{environment, dotenv.values, {}};
    if (need == Need::client) {
        loaded.problems.insert(loaded.problems.end(), login.problems.begin(), login.problems.end());
        sources.login = login_that_counts(environment, dotenv.values, login.values);
    }
    for (const Setting& setting : settings()) {
        read_setting(setting, find_value(setting, sources), need, loaded);
    }
    complete(loaded, need);
    warn_of_unknown(environment, loaded.warnings);
    warn_of_unknown(dotenv.values, loaded.warnings);
    return loaded;
}

Loaded load_here(Need need) {
    const Variables environment = process_environment();
    DotEnv login;
    if (need == Need::client) login = read_login(login_path(environment));
    return load(environment, read_dotenv_here(), need, login);
}

std::vector<std::string> secret_variables() {
    std::vector<std::string> names;
    for (const Setting& setting : settings()) {
        if (setting.secret) names.emplace_back(setting.name);
    }
    return names;
}

}  // namespace hatchery::config
