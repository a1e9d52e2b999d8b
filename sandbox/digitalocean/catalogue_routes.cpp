#include <algorithm>

#include "sandbox/digitalocean/catalogue.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kDefaultPerPage = 20;
constexpr std::size_t kMaxPerPage = 200;
constexpr std::size_t kMaxPage = 1'000'000;

/// The absolute address of a page of the same list.
std::string page_url(const ApiCall& call, std::size_t page) {
    std::string url = "https://api.digitalocean.com" + call.path + "?";
    for (const auto& [name, value] : call.query) {
        if (name != "page") {
            url += name + "=" + value + "&";
        }
    }
    return url + "page=" + std::to_string(page);
}

}  // namespace

ApiAnswer DigitalOceanApi::Impl::list_answer(const Context& context, const std::string& key,
                                             std::vector<json> entries) const {
    const Query& query = context.call.query;
    const std::size_t page = query_number(query, "page", 1, kMaxPage);
    const std::size_t per_page = query_number(query, "per_page", kDefaultPerPage, kMaxPerPage);
    const std::size_t total = entries.size();
    const std::size_t last = total == 0 ? 1 : (total + per_page - 1) / per_page;
    const std::size_t begin = std::min((page - 1) * per_page, total);
    const std::size_t end = std::min(begin + per_page, total);
    json shown = json::array();
    for (std::size_t position = begin; position < end; ++position) {
        shown.push_back(std::move(entries[position]));
    }
    json pages = json::object();
    if (page < last) {
        pages["next"] = page_url(context.call, page + 1);
        pages["last"] = page_url(context.call, last);
    }
    if (page > 1) {
        pages["first"] = page_url(context.call, 1);
        pages["prev"] = page_url(context.call, page - 1);
    }
    json links = json::object();
    if (!pages.empty()) {
        links["pages"] = std::move(pages);
    }
    return {.body = {{key, std::move(shown)},
                     {"links", std::move(links)},
                     {"meta", {{"total", total}}}}};
}

ApiAnswer DigitalOceanApi::Impl::list_regions(Context& context) {
    return list_answer(context, "regions",
                       ocean::regions([this](const std::string& size, const std::string& region) {
                           return is_out_of_stock(size, region);
                       }));
}

ApiAnswer DigitalOceanApi::Impl::list_sizes(Context& context) {
    return list_answer(context, "sizes", ocean::sizes());
}

ApiAnswer DigitalOceanApi::Impl::list_images(Context& context) {
    const std::string* type = query_value(context.call.query, "type");
    const std::string* own = query_value(context.call.query, "private");
    std::vector<json> entries;
    if ((type == nullptr || *type == "distribution") && (own == nullptr || *own != "true")) {
        entries.push_back(ocean::debian_image());
    }
    return list_answer(context, "images", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::get_account(Context& /*context*/) {
    return {.body = {{"account",
                      {{"droplet_limit", droplet_limit()},
                       {"floating_ip_limit", 5},
                       {"email", "sandbox@example.com"},
                       {"name", "Sandbox"},
                       {"uuid", "b6fr89dbf6d9156cace5f3c78dc9851d957381ef"},
                       {"email_verified", true},
                       {"status", "active"},
                       {"status_message", ""}}}}};
}

}  // namespace hatchery::sandbox
