"""How clinics call what we call by our names: headers and words of en, ru and hr exports, for proposals only."""

from __future__ import annotations


def _words(listed: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words.split(" | ")) for name, words in listed.items()}


# fmt: off
HEADERS: dict[str, dict[str, tuple[str, ...]]] = {
    "patients": _words({
        "patient_id": "patient id | patnum | client id | customer id | customer | № карты | номер карты | карта | код пациента | код клиента | id клиента | id пациента | id | broj kartona | pacijent id | šifra pacijenta | mis id",
        "full_name": "name | full name | patient | customer name | фио | фио пациента | ф и о | имя | клиент | пациент | пациент фио | ime i prezime | ime | pacijent",
        "phone_key": "phone | telephone | mobile | mobile phone | wireless phone | телефон | тел | мобильный | номер телефона | контактный телефон | telefon | mobitel | broj telefona",
        "birth_date": "birth date | birthdate | date of birth | dob | birthday | date birthday | дата рождения | др | д р | datum rođenja | rođen",
        "registered_on": "registered | created at | created | registration date | first visit date | дата регистрации | дата создания | карта заведена | заведена | дата добавления | datum upisa | upisan",
        "age_years": "age | возраст | лет | dob godine | starost | godine",
        "sex": "sex | gender | пол | spol",
        "district": "city | district | town | country | район | город | адрес район | населенный пункт | grad | mjesto | država",
        "stated_source": "source | referral source | how heard | источник | откуда узнали | откуда узнал | источник информации | рекламный источник | izvor",
        "may_contact": "accepts sms | may contact | согласие | согласие на рассылку | рассылка | suglasnost",
    }),
    "appointments": _words({
        "appointment_id": "appointment id | appointment | aptnum | visit id | record id | invoice no | invoice | id | № записи | номер записи | код записи | № визита | № приема | визит | документ | номер документа | номер | broj termina | termin id",
        "patient_id": "patient id | patnum | client id | customer id | patient | № карты | номер карты | карта | код пациента | код клиента | пациент код | broj kartona | pacijent id",
        "doctor_id": "doctor | provider | provnum | practitioner | staff | врач | специалист | доктор | сотрудник | исполнитель | liječnik | doktor",
        "branch": "branch | clinic | location | office | business | филиал | клиника | подразделение | отделение | адрес | poslovnica | ordinacija",
        "room_id": "room | op | operatory | кабинет | soba | prostorija",
        "specialty": "specialty | speciality | специальность | специализация | направление | specijalnost",
        "service_id": "service | procedure | услуга | номенклатура | вид приема | usluga | postupak",
        "kind": "kind | visit type | тип визита | вид | вид визита | vrsta",
        "booked_at": "booked at | created at | scheduled day | booked | записан | дата записи | создана | дата создания | zakazano",
        "cancelled_at": "cancelled at | canceled at | cancelled on | cancellation date | дата отмены | отменена | otkazano",
        "starts_at": "starts at | date | datetime | appointment date | apt date time | appointment day | start | visit date | visit at | invoice date | дата приема | прием | дата визита | дата | дата и время | начало | datum | datum termina | početak | termin",
        "minutes": "duration | minutes | length | seance length | длительность | длительность мин | продолжительность | минут | trajanje",
        "nights": "nights | койко дни | ночей | суток | noći",
        "status": "status | apt status | attendance | visit attendance | no show | статус | статус визита | явка | результат | состояние | итог | status termina | dolazak",
        "is_first_recorded": "is new patient | first visit | primary | первичный | первый визит | тип посещения | prvi pregled",
        "diagnosis": "diagnosis | dx | icd 10 | icd10 | диагноз | мкб | мкб 10 | код мкб | dijagnoza | mkb",
        "reminder_sent": "sms received | notified | reminder | sms | смс | напоминание | podsjetnik",
        "payer": "payer | payment type | плательщик | вид оплаты | тип оплаты | platitelj",
    }),
    "charges": _words({
        "charge_id": "charge id | line id | procnum | № строки | код строки",
        "patient_id": "patient id | patnum | client id | customer id | № карты | номер карты | карта | код пациента | код клиента | broj kartona",
        "appointment_id": "appointment id | aptnum | visit id | invoice no | invoice | № записи | № приема | № визита | визит | документ | номер документа",
        "charged_on": "date | invoice date | issue date | payment date | proc date | дата | дата оплаты | дата продажи | дата приема | прием | дата визита | datum | datum računa",
        "service_id": "service | procedure | code | услуга | номенклатура | товар услуга | usluga | šifra usluge",
        "doctor_id": "doctor | provider | врач | исполнитель | специалист | сотрудник | liječnik",
        "branch": "branch | clinic | филиал | клиника | подразделение | poslovnica",
        "quantity": "quantity | qty | unit qty | количество | кол во | количина | količina",
        "list_amount": "list amount | list price | price | gross | first cost | по прайсу | сумма по прайсу | цена | сумма без скидки | cijena",
        "paid": "paid | amount | total amount | net amount | result cost | price | revenue | sum | сумма | оплачено | сумма оплаты | итого | к оплате | выручка | стоимость | iznos | plaćeno | ukupno",
        "kind": "operation | operation type | вид операции | тип операции | vrsta transakcije",
        "currency": "currency | currency code | валюта | valuta",
        "payer": "payer | payment type | плательщик | вид оплаты | тип оплаты | platitelj",
    }),
    "enquiries": _words({
        "enquiry_id": "call id | callid | request id | requestid | entry id | id звонка | код звонка | id",
        "started_at": "date | start time | started at | called at | start | timestamp | дата | дата и время | дата звонка | время звонка | начало | vrijeme",
        "direction": "direction | call type | направление | тип звонка | smjer",
        "caller_key": "caller number | callernumber | customer phone number | from number | caller | phone | номер звонящего | кто звонил | звонивший | телефон | номер | broj pozivatelja",
        "channel": "source | channel | source name | utm source | источник | канал | рекламный канал | izvor | kanal",
        "campaign": "utm campaign | campaign | кампания | рекламная кампания | kampanja",
        "administrator_id": "manager | agent | operator | agent email | менеджер | администратор | оператор | сотрудник | operater",
        "is_answered": "answered | successful | status | успешный | отвечен | статус | javljen",
        "wait_seconds": "waiting connect | wait | ожидание | время ожидания | čekanje",
        "talk_seconds": "duration | duration s | talk | длительность | длительность разговора | разговор | trajanje",
        "branch": "branch | филиал | site name",
        "outcome": "outcome | lead status | результат | итог | ishod",
    }),
    "ad_spend": _words({
        "from_day": "date | day | week | month | дата | день | неделя | месяц | datum | mjesec",
        "campaign": "campaign | campaign name | кампания | название кампании | kampanja",
        "channel": "channel | source | канал | источник | kanal | izvor",
        "spend": "cost | spend | расход | расход руб | расход ₽ | затраты | сумма | trošak | amount spent",
        "impressions": "impressions | impr | показы | prikazi",
        "clicks": "clicks | клики | klikovi",
        "currency": "currency | currency code | валюта | код валюты | valuta",
    }),
    "site_traffic": _words({
        "from_day": "date | day | month | year month | дата | месяц | datum",
        "channel": "source | channel | session default channel group | default channel group | first user default channel group | источник | источник трафика | канал",
        "region": "region | city | регион | город | grad",
        "device": "device | device category | устройство | тип устройства | uređaj",
        "visitors": "users | total users | active users | visitors | посетители | пользователи | korisnici",
        "sessions": "sessions | visits | визиты | сеансы | сессии | sesije",
    }),
    "expenses": _words({
        "month": "month | месяц | период | mjesec",
        "item": "item | account | статья | показатель | статья затрат | stavka",
        "amount": "amount | value | сумма | iznos",
        "nature": "nature | вид затрат | priroda",
        "group": "group | группа | grupa",
    }),
    "prices": _words({
        "service_id": "service | code | услуга | код услуги | usluga",
        "price": "price | цена | стоимость | cijena",
        "valid_from": "valid from | from | действует с | дата начала | vrijedi od",
        "valid_to": "valid to | to | until | действует по | дата окончания | vrijedi do",
        "branch": "branch | филиал | poslovnica",
    }),
    "shifts": _words({
        "staff_id": "staff | employee | doctor | name | сотрудник | врач | фио | администратор | djelatnik",
        "starts_at": "start | starts at | start time | начало | с | время начала | početak | od",
        "ends_at": "end | ends at | stop time | конец | окончание | по | до | время окончания | kraj | do",
        "role": "role | position | должность | роль | uloga",
        "room_id": "room | кабинет | soba",
        "branch": "branch | филиал | poslovnica",
    }),
    "feedback": _words({
        "given_on": "date | дата | дата отзыва | datum",
        "source": "source | site | площадка | источник | izvor",
        "score": "score | rating | stars | оценка | балл | звезд | звезды | ocjena",
        "doctor_id": "doctor | врач | liječnik",
        "branch": "branch | филиал | poslovnica",
    }),
    "events": _words({
        "event": "event | name | title | событие | dogadaj | događaj",
        "kind": "kind | type | вид | тип | vrsta",
        "from_day": "from | from day | start | date | дата | начало | od",
        "to_day": "to | to day | end | конец | do",
        "assigned": "assigned | chosen by | как выбраны | dodijeljeno",
        "note": "note | comment | примечание | комментарий | napomena",
    }),
    "competitors": _words({
        "competitor": "competitor | конкурент | клиника | konkurent",
        "service_id": "service | услуга | код услуги | usluga",
        "seen_on": "date | seen on | дата | datum",
        "price": "price | цена | cijena",
    }),
    "rooms": _words({
        "room_id": "room | op name | кабинет | помещение | soba",
        "kind": "kind | type | вид | тип | назначение | vrsta",
        "places": "places | beds | коек | мест | mjesta",
        "branch": "branch | филиал | poslovnica",
    }),
    "campaign_members": _words({
        "campaign": "campaign | mailing | кампания | рассылка | kampanja",
        "patient_id": "patient | card | карта | № карты | номер карты | пациент | pacijent",
        "group": "group | arm | группа | скупина | skupina",
        "contacted_on": "contacted on | call date | дата обзвона | дата звонка | datum poziva",
        "is_reached": "reached | answered | дозвон | дозвонились | dosegnut",
        "opted_out": "opted out | unsubscribed | отказ | отписка | odjava",
    }),
    "plans": _words({
        "line_id": "line id | plan line | plan item id | № строки | номер строки | код строки | broj stavke | šifra stavke",
        "plan_id": "plan id | plan no | plan number | plan | treatment plan | treatment plan id | treatplannum | № плана | номер плана | план | план лечения | код плана | broj plana | plan liječenja",
        "patient_id": "patient id | patnum | client id | customer id | patient | card | № карты | номер карты | карта | код пациента | код клиента | пациент | broj kartona | pacijent id | pacijent",
        "doctor_id": "doctor | provider | planned by | врач | лечащий врач | фио врача | специалист | liječnik | doktor",
        "planned_on": "plan date | planned on | date planned | date of plan | treatment plan date | datetp | дата плана | дата составления | дата составления плана | план от | дата назначения | datum plana | planirano dana",
        "service_id": "service | procedure | code | service code | услуга | код услуги | код | номенклатура | usluga | šifra usluge | postupak",
        "planned": "planned | planned quantity | planned visits | times | sessions | quantity | qty | назначено | запланировано | количество план | план кол во | количество | кол во | сеансов | число сеансов | planirano | količina | broj tretmana",
        "amount": "amount | planned amount | plan amount | fee | price | total | сумма | сумма руб | сумма плана | стоимость | стоимость плана | iznos | planirani iznos",
        "cancelled_on": "cancelled on | cancelled | cancellation date | withdrawn | дата отмены | отменен | отменён | снято | otkazano | datum otkazivanja",
    }),
    "population": _words({
        "district": "district | район | город | općina | grad",
        "age_from": "age from | возраст от | dob od",
        "age_to": "age to | возраст до | dob do",
        "sex": "sex | пол | spol",
        "people": "people | population | население | жителей | численность | stanovnika",
    }),
    "services": _words({
        "service_id": "service | code | код | код услуги | услуга | usluga | šifra",
        "name": "name | title | название | наименование | naziv",
        "kind": "kind | type | вид | тип | vrsta",
        "minutes": "duration | длительность | trajanje",
        "direct_cost": "cost | себестоимость | trošak",
    }),
    "doctors": _words({
        "doctor_id": "doctor | name | врач | фио | liječnik",
        "specialty": "specialty | специальность | specijalnost",
        "started_on": "started | hired | принят | дата приема на работу | zaposlen",
        "left_on": "left | fired | уволен | otišao",
    }),
}

CODES: dict[str, dict[str, tuple[str, ...]]] = {
    "status": _words({
        "completed": "completed | complete | came | visited | arrived | done | пришел | явился | выполнен | завершен | состоялся | принят | оказано | dosao | došao | obavljen | prisutan | billed",
        "no_show": "no show | no-show | noshow | broken | did not arrive | не пришел | неявка | не явился | nije došao | nedolazak",
        "cancelled": "cancelled | canceled | отменен | отмена | отказ | отменил | otkazan | otkazano",
        "booked": "booked | scheduled | waiting | записан | ожидание | ожидается | подтвержден | запланирован | zakazan | confirmed",
    }),
    "sex": _words({
        "female": "f | female | ж | жен | женский | ž | žena | žensko",
        "male": "m | male | м | муж | мужской | muško | muškarac",
    }),
    "direction": _words({
        "in": "in | inbound | incoming | входящий | вх | dolazni",
        "out": "out | outbound | outgoing | исходящий | исх | odlazni",
    }),
    "payer": _words({
        "cash": "cash | card | наличные | карта | наличные/карта | физлицо | платно | gotovina",
        "insurer": "insurer | insurance | дмс | страховая | osiguranje",
        "corporate": "corporate | юрлицо | корпоративный договор | договор | tvrtka",
        "state": "state | омс | hzzo",
    }),
    "device": _words({
        "desktop": "desktop | пк | компьютер",
        "mobile": "mobile | смартфон | смартфоны | мобильный",
        "tablet": "tablet | планшет | планшеты",
    }),
    "role": _words({
        "doctor": "doctor | врач | liječnik",
        "administrator": "administrator | администратор | admin",
        "nurse": "nurse | медсестра | sestra",
    }),
    "outcome": _words({
        "booked": "booked | записан | запись",
        "thinking": "thinking | думает",
        "lost": "lost | отказ | потерян",
    }),
    "appointments.kind": _words({
        "outpatient": "outpatient | visit | consultation | амбулаторный | амбулаторно | прием | консультация | pregled",
        "operation": "operation | surgery | операция | operacija",
        "ward": "ward | inpatient | стационар | palata | hospitalizacija",
    }),
    "services.kind": _words({
        "consultation": "consultation | visit | прием | консультация | pregled",
        "diagnostics": "diagnostics | диагностика | dijagnostika",
        "procedure": "procedure | процедура | манипуляция | postupak",
        "operation": "operation | surgery | операция | operacija",
        "ward": "ward | стационар",
    }),
    "rooms.kind": _words({
        "consulting": "consulting | приемный кабинет | кабинет | ordinacija",
        "operating": "operating | операционная | operacijska sala",
        "diagnostics": "diagnostics | диагностика",
        "ward": "ward | палата | стационар",
    }),
    "charges.kind": _words({
        "sale": "sale | продажа | оплата | prodaja",
        "refund": "refund | возврат | povrat",
        "deposit": "deposit | аванс | предоплата | avans",
        "transfer": "transfer | перемещение | prijenos",
    }),
    "events.kind": _words({
        "price": "price | цена | цены",
        "marketing": "marketing | реклама | маркетинг",
        "desk": "desk | администраторы | ресепшен",
        "doctors": "doctors | врачи",
        "service": "service | услуги",
        "closed": "closed | закрыто | выходной",
        "other": "other | прочее | другое",
    }),
}

PERSONAL: dict[str, tuple[str, ...]] = _words({
    "name": "name | full name | patient name | customer name | фио | имя | фамилия | отчество | пациент | клиент | ime | prezime | lname | fname | surname | first name | last name",
    "phone": "phone | telephone | mobile | телефон | caller number | callernumber | telefon | mobitel | customer phone number | номер телефона",
    "e-mail": "email | e mail | почта | эл почта",
    "birth date": "birth date | birthdate | date of birth | dob | дата рождения | datum rođenja",
    "address": "address | адрес | adresa | street | улица",
    "document": "snils | снилс | passport | паспорт | oib | ssn | инн | полис",
})
# fmt: on


def known_headers() -> set[str]:
    """All header words of all tables."""
    return {word for table in HEADERS.values() for words in table.values() for word in words}
