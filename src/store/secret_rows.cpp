#include "store/secret_rows.hpp"

namespace hatchery::store {

namespace {

constexpr std::string_view upsert = R"(
    INSERT INTO sealed_secrets (owner, owner_id, name, key_id, sealed, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (owner, owner_id, name)
    DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed,
        updated_at = excluded.updated_at)";
constexpr std::string_view select =
    "SELECT key_id, sealed FROM sealed_secrets WHERE owner = $1 AND owner_id = $2 AND name = $3";
constexpr std::string_view remove =
    "DELETE FROM sealed_secrets WHERE owner = $1 AND owner_id = $2 AND name = $3";

}  // namespace

std::string binding_of(const ports::SecretRef& ref) {
    return "sealed_secrets:" + std::string(base::to_text(ref.owner)) + ":" + ref.owner_id + ":" +
           ref.name;
}

void write_secret(Sql& sql, ports::SecretBox& box, const ports::SecretRef& ref,
                  const base::Secret& value, base::TimePoint now) {
    const auto sealed = box.seal(value, binding_of(ref));
    (void)sql.query(upsert, {ref.owner, ref.owner_id, ref.name, sealed.key_id, sealed.text, now});
}

base::Result<base::Secret> read_secret(Sql& sql, ports::SecretBox& box,
                                       const ports::SecretRef& ref) {
    const Rows rows = sql.query(select, {ref.owner, ref.owner_id, ref.name});
    if (rows.empty()) {
        return base::fail(base::ErrorKind::not_found, "There is no secret " + ref.name + ".");
    }
    return box.open({.key_id = rows[0].text(0), .text = rows[0].text(1)}, binding_of(ref));
}

void delete_secret(Sql& sql, const ports::SecretRef& ref) {
    (void)sql.query(remove, {ref.owner, ref.owner_id, ref.name});
}

}  // namespace hatchery::store
