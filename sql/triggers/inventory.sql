-- More of a thing than before was bought today (contract B2 §4).

CREATE OR REPLACE FUNCTION inventory_item_bought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.last_purchased := current_date;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER b_bought BEFORE UPDATE ON inventory_item
    FOR EACH ROW WHEN (NEW.quantity > OLD.quantity) EXECUTE FUNCTION inventory_item_bought();
