//! English names of countries, as lists of outlets spell them, and their ISO 3166-1 codes.

/// The code of a country by its English name; a code is its own name. Case and the article do not matter.
///
/// ```
/// # use floodmark::registry::import::code;
/// assert_eq!(code("Côte d'Ivoire"), Some("CI"));
/// assert_eq!(code("the gambia"), Some("GM"));
/// assert_eq!(code("Atlantis"), None);
/// ```
pub fn code(name: &str) -> Option<&'static str> {
    let plain = name.trim().to_lowercase();
    let plain = plain.strip_prefix("the ").unwrap_or(&plain);
    let pairs = NAMES.split(';').filter_map(|pair| pair.trim().split_once(' '));
    pairs
        .into_iter()
        .find(|(code, name)| plain == name.to_lowercase() || plain == code.to_lowercase())
        .map(|(code, _)| code)
}

/// `CODE name;` …; several names may share a code.
const NAMES: &str = "AF Afghanistan;AL Albania;DZ Algeria;AD Andorra;AO Angola;AR Argentina;AM Armenia;AU Australia;\
AT Austria;AZ Azerbaijan;BS Bahamas;BH Bahrain;BD Bangladesh;BB Barbados;BY Belarus;BE Belgium;BZ Belize;BJ Benin;\
BT Bhutan;BO Bolivia;BA Bosnia and Herzegovina;BW Botswana;BR Brazil;BN Brunei;BG Bulgaria;BF Burkina Faso;BI Burundi;\
KH Cambodia;CM Cameroon;CA Canada;CV Cape Verde;CV Cabo Verde;CF Central African Republic;TD Chad;CL Chile;CN China;\
CN People's Republic of China;CO Colombia;KM Comoros;CG Congo;CG Republic of the Congo;CD DR Congo;\
CD Democratic Republic of the Congo;CR Costa Rica;CI Côte d'Ivoire;CI Ivory Coast;HR Croatia;CU Cuba;CY Cyprus;\
CZ Czechia;CZ Czech Republic;DK Denmark;DJ Djibouti;DM Dominica;DO Dominican Republic;EC Ecuador;EG Egypt;\
SV El Salvador;GQ Equatorial Guinea;ER Eritrea;EE Estonia;SZ Eswatini;ET Ethiopia;EU European Union;EU Europen Union;\
FJ Fiji;FI Finland;FR France;GA Gabon;GM Gambia;GE Georgia;DE Germany;GH Ghana;GR Greece;GD Grenada;GT Guatemala;\
GN Guinea;GW Guinea-Bissau;GY Guyana;HT Haiti;HN Honduras;HK Hong Kong;HU Hungary;IS Iceland;IN India;ID Indonesia;\
IR Iran;IQ Iraq;IE Ireland;IL Israel;IT Italy;JM Jamaica;JP Japan;JO Jordan;KZ Kazakhstan;KE Kenya;KI Kiribati;\
XK Kosovo;KW Kuwait;KG Kyrgyzstan;LA Laos;LV Latvia;LB Lebanon;LS Lesotho;LR Liberia;LY Libya;LI Liechtenstein;\
LT Lithuania;LU Luxembourg;MO Macao;MO Macau;MG Madagascar;MW Malawi;MY Malaysia;MV Maldives;ML Mali;MT Malta;\
MR Mauritania;MU Mauritius;MX Mexico;MD Moldova;MC Monaco;MN Mongolia;ME Montenegro;MA Morocco;MZ Mozambique;\
MM Myanmar;NA Namibia;NP Nepal;NL Netherlands;NZ New Zealand;NI Nicaragua;NE Niger;NG Nigeria;KP North Korea;\
MK North Macedonia;NO Norway;OM Oman;PK Pakistan;PS Palestine;PS Palestine territories;PS Palestinian territories;\
PA Panama;PG Papua New Guinea;PY Paraguay;PE Peru;PH Philippines;PL Poland;PT Portugal;QA Qatar;RO Romania;RU Russia;\
RU Russian Federation;RW Rwanda;WS Samoa;SM San Marino;SA Saudi Arabia;SN Senegal;RS Serbia;SC Seychelles;\
SL Sierra Leone;SG Singapore;SK Slovakia;SI Slovenia;SO Somalia;ZA South Africa;KR South Korea;SS South Sudan;ES Spain;\
LK Sri Lanka;SD Sudan;SR Suriname;SE Sweden;CH Switzerland;SY Syria;TW Taiwan;TJ Tajikistan;TZ Tanzania;TH Thailand;\
TL Timor-Leste;TG Togo;TO Tonga;TT Trinidad and Tobago;TN Tunisia;TR Turkey;TR Türkiye;TM Turkmenistan;UG Uganda;\
UA Ukraine;AE UAE;AE United Arab Emirates;GB United Kingdom;GB UK;US United States;US United States of America;US USA;\
UY Uruguay;UZ Uzbekistan;VU Vanuatu;VA Vatican City;VE Venezuela;VN Vietnam;YE Yemen;ZM Zambia;ZW Zimbabwe";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_two_capital_letters() {
        for pair in NAMES.split(';') {
            let (code, name) = pair.trim().split_once(' ').expect("a code and a name");
            assert!(crate::calendar::is_code(code) && !name.is_empty(), "{pair}");
            assert_eq!(super::code(name), Some(code), "{pair}");
        }
    }
}
